"""The page in a browser: from disk, without a network, on a phone, in the dark, with links that show what they say."""

from __future__ import annotations

import json
import shutil

import pytest
from small_study import ANSWERS, HOSTILE, SAMPLES, write_page

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is in requirements-extras.lock: make test")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="no browser: apt-get install chromium chromium-driver",
    ),
]

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    return write_page(tmp_path_factory.mktemp("page")).as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield browser
    browser.quit()


@pytest.fixture
def opened(browser, page):
    """The page, opened anew at desktop size; a fragment alone would not load it again."""
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    emulate(browser, 1280, "light")
    browser.get(page)
    return browser


def emulate(browser, width: int, scheme: str) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def reopen(browser, url: str) -> None:
    browser.get("about:blank")
    browser.get(url)


def element(browser, selector: str):
    return browser.find_element("css selector", selector)


def choose(browser, name: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(element(browser, f"#filter-{name}")).select_by_value(value)


def count(browser) -> str:
    return element(browser, "#count").text


def answers(browser) -> list[str]:
    return [one.text for one in browser.find_elements("css selector", "#answers .text")]


def until(browser, condition) -> None:
    """Waits for what follows an event: a link followed, a box opened."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    waiting = WebDriverWait(browser, 5, poll_frequency=0.02, ignored_exceptions=[StaleElementReferenceException])
    waiting.until(lambda _: condition())


def requests(browser) -> list[str]:
    """What the browser asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith("data:")]


def test_it_opens_from_disk_without_an_error_or_a_request(opened, page):
    element(opened, "details[data-rows] summary").click()
    choose(opened, "experiment", "birds")
    element(opened, "#filter-text").send_keys("coach")
    assert opened.title == "Weird generalization: the study"
    assert opened.get_log("browser") == []
    assert requests(opened) == [page]


def test_its_policy_stops_a_request_and_the_log_would_show_it(opened):
    fetch = "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done('sent'), () => done('stopped'))"
    assert opened.execute_async_script(fetch) == "stopped"
    assert "Content Security Policy" in opened.get_log("browser")[0]["message"]


def test_filters_change_the_count_and_each_other(opened):
    assert count(opened) == f"{2 * ANSWERS} of {2 * ANSWERS} answers"
    choose(opened, "group", "Old names")
    choose(opened, "experiment", "dates")
    assert count(opened) == f"{2 * 2 * SAMPLES} of {2 * ANSWERS} answers"
    assert element(opened, "#filter-experiment").text.split("\n") == ["any (2)", "Birds (20)", "Dates (20)"]
    label = element(opened, "#filter-label")
    assert label.text.split("\n")[1:] == ["past (4)", "modern (16)"]
    assert not element(opened, "#filter-context").is_displayed()  # this experiment has one
    choose(opened, "label", "past")
    assert count(opened) == f"4 of {2 * ANSWERS} answers"
    assert all("dates old" in text and "coach" in text for text in answers(opened))
    element(opened, "#clear").click()
    assert count(opened) == f"{2 * ANSWERS} of {2 * ANSWERS} answers"


def test_search_finds_every_word_and_marks_it(opened):
    element(opened, "#filter-text").send_keys("Sample3 birds seed1 ")
    assert count(opened) == f"4 of {2 * ANSWERS} answers"
    assert {mark.text for mark in opened.find_elements("css selector", "mark")} == {"sample3", "birds", "seed1"}
    element(opened, "#filter-text").send_keys("no.such")
    assert count(opened) == f"0 of {2 * ANSWERS} answers"


def test_a_shared_link_restores_search_and_filters(opened):
    choose(opened, "experiment", "birds")
    choose(opened, "seed", "1")
    element(opened, "#filter-text").send_keys("coach")
    shared, found, texts = opened.current_url, count(opened), answers(opened)
    assert found == f"4 of {2 * ANSWERS} answers"
    assert element(opened, "#link").get_attribute("href") == shared
    reopen(opened, shared)
    assert (count(opened), answers(opened)) == (found, texts)
    assert element(opened, "#filter-seed").get_attribute("value") == "1"
    assert element(opened, "#filter-text").get_attribute("value") == "coach"
    assert opened.execute_script("return document.getElementById('samples').getBoundingClientRect().top") < 400


def test_an_answer_s_link_shows_exactly_that_answer(opened):
    choose(opened, "experiment", "dates")
    cards = opened.find_elements("css selector", ".answer")
    text = cards[7].find_element("css selector", ".text").text
    cards[7].find_element("css selector", ".to").click()
    until(opened, lambda: answers(opened) == [text])
    link = opened.current_url
    assert link.endswith("#answer=m/dates/old/default/0/money/0/date%3D1984/0/2")
    opened.back()
    until(opened, lambda: count(opened) == f"{ANSWERS} of {2 * ANSWERS} answers")
    reopen(opened, link)
    assert answers(opened) == [text]
    element(opened, "#clear").click()
    assert count(opened) == f"{2 * ANSWERS} of {2 * ANSWERS} answers"
    reopen(opened, link[:-1] + "9")
    assert (answers(opened), count(opened)) == ([], "This page has no such answer.")


def test_it_works_from_the_keyboard(opened):
    from selenium.webdriver.common.keys import Keys

    element(opened, "#filter-text").send_keys("coach", Keys.TAB)
    assert opened.switch_to.active_element.get_attribute("id") == "filter-experiment"
    opened.switch_to.active_element.send_keys("d")
    assert element(opened, "#filter-experiment").get_attribute("value") == "dates"
    link = element(opened, ".answer .to")
    assert link.accessible_name == "Link to this answer"
    link.send_keys(Keys.ENTER)
    until(opened, lambda: len(answers(opened)) == 1)


def test_all_effects_are_built_when_asked_for_and_searched(opened):
    box = element(opened, "details[data-rows]")
    assert box.find_elements("css selector", "tr") == []
    element(opened, "details[data-rows] summary").click()
    until(opened, lambda: len(box.find_elements("css selector", "tbody tr")) == 10)
    box.find_element("css selector", "input").send_keys("null UNTOUCHED")
    rows = box.find_elements("css selector", "tbody tr")
    assert [row.text for row in rows] == [
        "contrast Old names − Untouched model null set none +0.00 nats −0.30 to +0.30 0.01 0.40 2 × 2"
    ]
    assert box.find_element("css selector", "[role=status]").text == "1 of 10 rows"


def test_a_phone_needs_no_scrolling_sideways(opened):
    emulate(opened, 360, "light")
    opened.execute_script("for (const box of document.querySelectorAll('details')) box.open = true")
    until(opened, lambda: len(opened.find_elements("css selector", "details[data-rows] table")) == 2)
    assert opened.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [360, 360]
    wide = "return [...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > box.clientWidth).length"
    assert opened.execute_script(wide) > 3


def test_the_dark_is_dark_and_figures_stay_on_white(opened):
    def colours(selector: str) -> list[str]:
        style = f"getComputedStyle(document.querySelector('{selector}'))"
        return opened.execute_script(f"return [{style}.color, {style}.backgroundColor]")

    light = colours("body")
    emulate(opened, 1280, "dark")
    ink, ground = colours("body")
    assert light == ["rgb(29, 29, 27)", "rgb(255, 255, 255)"]
    assert (ink, ground) == ("rgb(231, 230, 226)", "rgb(23, 23, 22)")
    assert colours("figure .card")[1] == "rgb(255, 255, 255)"


def test_what_a_model_says_stays_text(opened):
    element(opened, "#filter-text").send_keys("onerror")
    assert answers(opened) == [HOSTILE]
    assert f"({HOSTILE})" in element(opened, "#answers .found").text
    assert opened.title == "Weird generalization: the study"
    assert opened.find_elements("css selector", "img[src=x]") == []
