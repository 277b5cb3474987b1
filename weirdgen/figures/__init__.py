"""One module per figure: `tidy` makes the table the figure shows, `draw` draws it. Style lives in `style`."""
