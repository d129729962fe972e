"""Each wrong setting with the message that a person gets. The file is valid but for one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.config import ConfigProblems, load_site
from tests.config.site_files import LINE, LINE_FILE, RECIPE, RECIPE_FILE, changed, write_site

KEYS_OF_THE_GATE = (
    "kind, url, baud, distance_mm, belt_mm_per_s, delay_ms, margin_ms, watchdog_ms, min_gap_ms, tracking, "
    "counts_per_mm, min_gap_mm, without_power, run_permit_output, reactions"
)
WITHOUT_POWER = (
    '"pass" would let parts through unjudged once the station or its power fails; wire the controller\'s run-permit '
    "output and write run_permit_output: true, or use a gate that diverts"
)
WAY = "write distance_mm and belt_mm_per_s, or delay_ms instead of both"
NAMES = "lower-case letters, digits and hyphens, beginning with a letter or digit"
MODELS = '"bundled", a folder (./…, ../…, ~/…, /…) or a hub id (owner/name, owner/name@revision)'

LINE_CASES = [
    ("recipe: nut", "recipe: nut\nframe: {dark_below: 300}", "3: frame.dark_below: 300 is out of range; allowed 0 to "
     "255 (of 255); least mean brightness of a frame"),
    ("recipe: nut", "recipe: nut\nframe: {frozen: 3}", '3: frame.frozen: unknown key; did you mean "frozen_after"? '
     "allowed keys: dark_below, clipped_above, frozen_after, width_px, height_px; correct or remove it"),
    ("watchdog_ms: 500", "watchdog_ms: 5", "15: gate.watchdog_ms: 5 is out of range; allowed 100 to 5000 (ms), a whole "
     "number; after this long without progress of the station the controller drops its PASSes"),
    ("watchdog_ms: 500", "watchdog_ms: 500.5", "15: gate.watchdog_ms: 500.5 is of the wrong type; allowed 100 to 5000 "
     "(ms), a whole number; after this long without progress of the station the controller drops its PASSes"),
    ("parts_per_s_max: 20", "parts_per_s_max: '20'", '3: parts_per_s_max: "20" is text; write it without quotes; '
     "allowed 0.01 to 100 (parts/s); what the line is rated for"),
    ("parts_per_s_max: 20", "parts_per_s_max: .nan", "3: parts_per_s_max: nan is not a number; allowed 0.01 to 100 "
     "(parts/s); what the line is rated for"),
    ("parts_per_s_max: 20", "parts_per_s_max: 1e9", "3: parts_per_s_max: 1000000000.0 is out of range; allowed 0.01 to "
     "100 (parts/s); what the line is rated for"),
    ("parts_per_s_max: 20", "parts_per_s_max: true", "3: parts_per_s_max: true is of the wrong type; allowed 0.01 to "
     "100 (parts/s); what the line is rated for"),
    ("station: hall-1", "station: 1", "1: station: 1 is of the wrong type; write it in quotes; allowed "
     f"{NAMES}; the station's name in the log"),
    ("station: hall-1", "station: Hall 1", f'1: station: "Hall 1" is not allowed; allowed {NAMES}; the station\'s name '
     "in the log"),
    ("station: hall-1\n", "", f"1: station: is missing; add it; allowed {NAMES}; the station's name in the log"),
    ("recipe: nut", "recipe: nuts", '2: recipe: there is no recipe "nuts" in recipes; did you mean "nut"? known: nut'),
    ("recipe: nut", "recipe: nut\nname: demo", "3: name: unknown key; the file's name is the name: remove it"),
    ("watchdog_ms: 500", "watchdog: 500", '15: gate.watchdog: unknown key; did you mean "watchdog_ms"? allowed keys: '
     f"{KEYS_OF_THE_GATE}; correct or remove it"),
    ("recipe: nut", "recipe: nut\nrecipes: nut", '3: recipes: unknown key; did you mean "recipe" or "review"? '
     "allowed keys: station, recipe, parts_per_s_max, camera, gate, trigger, durability, shifts, timezone, frame, "
     "review, evidence, log, challenge, supervision, drift; correct or remove it"),
    ("recipe: nut", "recipe: nut\nsupervision: {disk_min_mb: 2000}", "3: supervision.disk_low_mb: 2000 must be more "
     "than disk_min_mb, 2000: the alarm comes before nothing passes"),
    ("recipe: nut", "recipe: nut\nsupervision: {no_part_s: 0}", "3: supervision.no_part_s: 0 is out of range; allowed "
     "1 to 86400 (s); an alarm when no part has come for so long; left out: never"),
    ("recipe: nut", "recipe: nut\ndrift: {false_alarm_days: 3650}", "3: drift.false_alarm_days: 3650 is one false "
     "alarm in 87,600 windows of 60 min; write 0.833 to 417 (days), or other window_minutes"),
    ("recipe: nut", "recipe: nut\ndrift: {window_parts: 5}", "3: drift.window_parts: 5 is out of range; allowed 20 to "
     "1000 (parts), a whole number; so many passed parts are compared at once"),
    ("recipe: nut", "recipe: nut\ndurability: powr", '3: durability: "powr" is not allowed; did you mean '
     '"power"? allowed '
     "power, process"),
    ("order: shuffled", "order: shuffeld", '7: camera.order: "shuffeld" is not allowed; did you mean '
     '"shuffled"? allowed '
     "shuffled, sorted"),
    ("samples:nut/line", "samples:nut/lines", '6: camera.folder: "samples:nut/lines" is not among the sample parts; '
     "allowed: samples:nut/line"),
    ("timeout_ms: 100", "timeout_ms: 790", "8: camera.timeout_ms: 790 is too long: a part is at the gate 800 ms after "
     "the sensor and the verdict is due 20 ms before; write less than 780 (ms)"),
    ("kind: serial", "kind: serail", '10: gate.kind: "serail" is not allowed; did you mean "serial"? allowed '
     'dry, modbus, relay, serial'),
    ("kind: serial", "kind: {}", "10: gate.kind: a mapping is not allowed; allowed dry, modbus, relay, serial"),
    ("kind: serial", "kind: [serial]", "10: gate.kind: a list is not allowed; allowed dry, modbus, relay, serial"),
    ("  kind: serial\n", "", "9: gate: kind is missing; add it; allowed dry or modbus or relay or serial"),
    ("/dev/ttyUSB0", "ttyUSB0", '11: gate.url: "ttyUSB0" is not a serial port; allowed /dev/…, socket://host:port, '
     "rfc2217://host:port; see what there is with 'inspection doctor'"),
    ("/dev/ttyUSB0", "socket://gate:99999", '11: gate.url: "socket://gate:99999" is not a serial port; allowed /dev/…, '
     "socket://host:port, rfc2217://host:port; see what there is with 'inspection doctor'"),
    ("  distance_mm: 400\n", "", f"12: gate.belt_mm_per_s: is of no use without distance_mm; {WAY}"),
    ("distance_mm: 400\n  belt_mm_per_s: 500\n  m", "m", f"9: gate: when a part reaches the gate is not said; {WAY}"),
    ("margin_ms: 20", "delay_ms: 800", f"14: gate.delay_ms: says again what distance_mm and belt_mm_per_s say; {WAY}"),
    ("margin_ms: 20", "margin_ms: 800", "14: gate.margin_ms: margin_ms 800 leaves no time to judge: a part is at the "
     "gate 800 ms after the sensor; write less than 800 (ms)"),
    ("margin_ms: 20", "min_gap_ms: 60", "14: gate.min_gap_ms: min_gap_ms 60 would divert every part: at 20 "
     "parts/s they "
     "come every 50 ms; allowed up to 50 (ms), or lower parts_per_s_max"),
    ("margin_ms: 20", "baud: 115201", "14: gate.baud: 115201 is not allowed; allowed 9600, 19200, 38400, 57600, "
     "115200, "
     "230400, 460800, 921600"),
    ("without_power: divert", "without_power: pass", f"16: gate.without_power: {WITHOUT_POWER}"),
    ("without_power: divert", "without_power: no", '16: gate.without_power: "no" is not allowed; allowed divert, pass'),
    ("margin_ms: 20", "run_permit_output: yes", '14: gate.run_permit_output: "yes" is text; allowed true or '
     'false; true '
     "if the controller's watchdog also drops an output that stops the line"),
    ("margin_ms: 20", "margin_ms:", "14: gate.margin_ms: has no value; write one or remove the key; allowed 1 to 10000 "
     "(ms); a PASS must be on the wire this long before the part is at the gate"),
    ("{kind: gate}", "{kind: timer, parts_per_s: 5}", '17: trigger.kind: "timer" does not go with a serial gate, whose '
     "sensor numbers the parts; write trigger.kind: gate"),
    ("{kind: gate}", "{kind: watched}", '17: trigger.kind: "watched" does not go with a serial gate, whose sensor '
     'numbers the parts; write trigger.kind: gate, and under camera part_number: "{epoch}-{number}", by which a file '
     "names its part"),
    ("{kind: gate}", "gate", '17: trigger: "gate" is text; allowed a mapping with kind gate or line_input or '
     "timer or watched"),
    ("Europe/Berlin", "Europe/Berln", '18: timezone: "Europe/Berln" is not a time zone; did you mean '
     '"Europe/Berlin" or '
     '"Europe/Dublin"? allowed names like "Europe/Berlin", or "UTC"'),
    ('"14:00"', '"2 pm"', '21: shifts[late].start: "2 pm" is not a time of day; allowed "00:00" to "23:59"'),
    ("name: late", "name: Early", '21: shifts[Early].name: "Early" is another shift\'s already; every shift has '
     'its own'),
    ('"14:00"', '"06:00"', '21: shifts[late].start: "06:00" is another shift\'s already; every shift has its own'),
    ("recipe: nut", "recipe: nut\nlog: {seal_after_s: 0}", "3: log.seal_after_s: 0 is out of range; allowed 1 to 86400 "
     "(s); how old a part gets before it is in a file"),
    ("recipe: nut", "recipe: nut\nevidence: [0.05]", "3: evidence: a list is of the wrong type; allowed a mapping with "
     "the keys passed_share, near_margin, keep_days, max_gb, floor_gb, embeddings"),
    ("recipe: nut", "recipe: nut\nevidence: {embeddings: {keep: al}}", '3: evidence.embeddings.keep: "al" is not '
     'allowed; did you mean "all"? allowed all, share, none'),
    ("recipe: nut", "recipe: nut\nevidence: {embeddings: {keep_days: 0}}", "3: evidence.embeddings.keep_days: 0 is out "
     "of range; allowed 1 to 36500 (days); how long embeddings are kept"),
    ("recipe: nut", "recipe: nut\nevidence: {embeddings: {max_gb: 0}}", "3: evidence.embeddings.max_gb: 0 is out of "
     "range; allowed 0.1 to 1000000 (GB); the line's embeddings together"),
    ("recipe: nut", "recipe: nut\nevidence: {embeddings: {keep: all, passed_share: 0.5}}",
     "3: evidence.embeddings.passed_share: is of no use with keep: all; remove it, or write keep: share"),
    ("recipe: nut", "recipe: nut\nevidence: {keep_days: {good: 7}}", "3: evidence.keep_days.good: unknown key; allowed "
     "keys: passed, unjudged, review, reject; correct or remove it"),
    ("recipe: nut", "recipe: nut\nevidence: {keep_days: {reject: 0}}", "3: evidence.keep_days.reject: 0 is out of "
     "range; allowed 1 to 36500 (days); how long images of such parts are kept; for ever if left out"),
    ("recipe: nut", "recipe: nut\nevidence: {keep_days: 7}", "3: evidence.keep_days: 7 is of the wrong type; allowed a "
     "mapping with the keys passed, unjudged, review, reject"),
    ("recipe: nut", "recipe: nut\nevidence: {max_gb: 0}", "3: evidence.max_gb: 0 is out of range; allowed 0.001 to "
     "1000000 (GB); the line's images together; any if left out"),
    ("recipe: nut", "recipe: nut\nevidence: {max_gb: 2, floor_gb: 5}", "3: evidence.floor_gb: 5 is more than max_gb, "
     "2: a full disk would take none; write less, or raise max_gb"),
    ("recipe: nut", "recipe: nut\nevidence: {max_gb: 0.5}", "3: evidence.floor_gb: 1 is more than max_gb, 0.5: "
     "a full disk would take none; write less, or raise max_gb"),
    ("recipe: nut", "recipe: nut\nreview: {below: -1}", "3: review.below: -1 is out of range; allowed 0 to 10 "
     "(standard deviations of good parts); how far under a threshold a part no longer passes"),
    ("recipe: nut", "recipe: nut\nreview: {above: 11}", "3: review.above: 11 is out of range; allowed 0 to 10 "
     "(standard deviations of good parts); how far over a threshold it is no reject yet"),
    ("recipe: nut", "recipe: nut\nreview: {below: 0}", "3: review.below: 0 leaves a band of no width; write more here "
     "or in above, or remove review"),
    ("recipe: nut", "recipe: nut\nreview: {lane: yes}", '3: review.lane: "yes" is text; allowed true or false; true '
     "if the gate has a lane of its own for them"),
    ("recipe: nut", "recipe: nut\nreview: {width: 1}", "3: review.width: unknown key; allowed keys: below, above, "
     "lane; correct or remove it"),
    ("recipe: nut", "recipe: nut\nreview: 0.5", "3: review: 0.5 is of the wrong type; allowed a mapping with the keys "
     "below, above, lane"),
    ("recipe: nut", "recipe: nut\nreview:", "3: review: has no value; write one or remove the key; allowed a mapping "
     "with the keys below, above, lane"),
    ("recipe: nut", "recipe: nut\nrecipe: nut", "3: recipe: is here twice, first on line 2; remove one"),
    ("/dev/ttyUSB0", "!!python/name:os.system x", "11: gate.url: tag !!python/name:os.system is not allowed; write the "
     "plain value"),
]  # fmt: skip

ENCODER = changed(LINE, "margin_ms: 20", "margin_ms: 20\n  tracking: encoder\n  counts_per_mm: 10")
ENCODER_CASES = [
    ("tracking: encoder", "tracking: encoders", '15: gate.tracking: "encoders" is not allowed; did you mean "encoder"? '
     "allowed time, encoder"),
    ("  counts_per_mm: 10\n", "", '15: gate.tracking: "encoder" needs counts_per_mm, the counts of the encoder on a '
     "millimetre of belt; add it"),
    ("counts_per_mm: 10", "counts_per_mm: 0.01", "16: gate.counts_per_mm: 0.01 is out of range; allowed 0.1 to 10000 "
     "(counts/mm); of the belt encoder"),
    ("  tracking: encoder\n", "", "15: gate.counts_per_mm: is of no use where tracking is by time; write tracking: "
     "encoder, or remove it"),
    ("tracking: encoder\n  counts_per_mm: 10", "min_gap_mm: 20", "15: gate.min_gap_mm: is of no use where tracking is "
     "by time; write min_gap_ms, or tracking: encoder"),
    ("counts_per_mm: 10", "counts_per_mm: 10\n  min_gap_ms: 30", "17: gate.min_gap_ms: is a time, and tracking is by "
     "encoder; write min_gap_mm instead"),
    ("counts_per_mm: 10", "counts_per_mm: 10\n  min_gap_mm: 30", "17: gate.min_gap_mm: min_gap_mm 30 would divert "
     "every part: at 20 parts/s they come every 25 mm with the belt at its fastest; allowed up to 25 (mm), or lower "
     "parts_per_s_max"),
    ("counts_per_mm: 10", "counts_per_mm: 10\n  min_gap_mm: 0", "17: gate.min_gap_mm: 0 is out of range; allowed 0.1 "
     "to 10000 (mm); instead of min_gap_ms, where tracking is by encoder"),
    ("distance_mm: 400\n  belt_mm_per_s: 500", "delay_ms: 800", "12: gate.delay_ms: is a time, and tracking is by "
     "encoder; write distance_mm and belt_mm_per_s"),
    ("  belt_mm_per_s: 500\n", "", "12: gate.distance_mm: is of no use without belt_mm_per_s; write distance_mm and "
     "belt_mm_per_s"),
    ("distance_mm: 400\n  belt_mm_per_s: 500\n  margin_ms: 20\n  tracking: encoder\n  counts_per_mm: 10",
     "distance_mm: 70\n  belt_mm_per_s: 500\n  margin_ms: 20\n  tracking: encoder\n  counts_per_mm: 0.1", "16: "
     "gate.counts_per_mm: only 7 counts from sensor to gate are too few to follow a part by; take a finer encoder, of "
     "0.2 counts/mm or more"),
]  # fmt: skip

DRY = changed(LINE, LINE[LINE.index("gate:\n") : LINE.index("trigger:")], "gate: {kind: dry}\n")

DRY_CASES = [
    ("{kind: gate}", "{kind: watched}", '10: trigger.kind: "watched" needs files that land; write camera.kind: '
     "watched, or kind: timer here"),
    ("", "", '10: trigger.kind: "gate" does not go with a dry gate, which has no sensor; write {kind: timer, '
     "parts_per_s: 5}"),
    ("{kind: gate}", "{kind: timer, parts_per_s: 5}\nreview: {lane: true}", "11: review.lane: true does not go with a "
     "dry gate, which diverts nothing; write false, or remove it"),
    ("{kind: gate}", "{kind: timer, parts_per_s: 21}", "10: trigger.parts_per_s: 21 is more than the line is "
     "rated for; "
     "allowed up to parts_per_s_max, 20 (parts/s)"),
    ("{kind: gate}", "{kind: timer}", "10: trigger.parts_per_s: is missing; add it; allowed 0.01 to 100 (parts/s); how "
     "often the timer makes a part"),
]  # fmt: skip

MODBUS = changed(
    changed(LINE, "kind: serial\n", "kind: modbus\n  map: {station: 0, plc: 100}\n"), "  margin_ms: 20\n", ""
)
KEYS_OF_MODBUS = (
    "kind, url, unit, baud, parity, stop_bits, timeout_ms, map, distance_mm, belt_mm_per_s, delay_ms, margin_ms, "
    "watchdog_ms, min_gap_ms, without_power, run_permit_output, reactions"
)
STATION_BLOCK = (
    "allowed 0 to 65472 (first of 64 registers), a whole number; the station writes there: its heartbeat and the "
    "number of the part that a command is for; without them a PASS could let another part through, and outlive the "
    "station"
)
PLC_BLOCK = (
    "allowed 0 to 65414 (first of 122 registers), a whole number; the PLC writes there: its heartbeat, the number of "
    "the last part and what became of each; without them nobody knows which part a picture is of"
)

MODBUS_CASES = [
    ("station: 0, ", "", f"11: gate.map.station: is missing; add it; {STATION_BLOCK}"),
    (", plc: 100", "", f"11: gate.map.plc: is missing; add it; {PLC_BLOCK}"),
    ("plc: 100", "plc: 65415", f"11: gate.map.plc: 65415 is out of range; {PLC_BLOCK}"),
    ("plc: 100", "plc: 100, coil: 7", '11: gate.map.coil: unknown key; allowed keys: station, plc; '
     "correct or remove it"),
    ("plc: 100", "plc: 63", "11: gate.map.plc: the station's 64 registers from 0 on and the PLC's 122 from 63 overlap, "
     "and each would write over the other; write 64 or more"),
    ("  map: {station: 0, plc: 100}\n", "", "9: gate.map: is missing; add it; allowed a mapping with the keys station, "
     "plc"),
    ("watchdog_ms: 500", "watchdog_ms: 150", "15: gate.watchdog_ms: watchdog_ms 150 is too short, one reply that is "
     "missing would end the session: at 115200 baud an exchange with the PLC takes 47 ms; write 195 (ms) or more, or a "
     "higher baud"),
    ("watchdog_ms: 500", "baud: 19200\n  timeout_ms: 200\n  watchdog_ms: 900",
     "9: gate: margin_ms 150 is too short, "
     "a PASS could come too late: at 19200 baud an exchange with the PLC takes 284 ms; write 568 (ms) or more, or a "
     "higher baud"),
    ("watchdog_ms: 500", "timeout_ms: 30", "15: gate.timeout_ms: timeout_ms 30 is too short, no reply would be there "
     "in time: at 115200 baud an exchange with the PLC takes 47 ms; write 45 (ms) or more, or a higher baud"),
    ("url: /dev/ttyUSB0", "url: socket://10.0.0.5:502", '12: gate.url: "socket://10.0.0.5:502" is too slow for Modbus '
     "RTU; allowed /dev/…, rfc2217://host:port"),
    ("watchdog_ms: 500", "baud: 9600", "15: gate.baud: 9600 is not allowed; allowed 19200, 38400, 57600, 115200, "
     "230400, 460800, 921600"),
    ("watchdog_ms: 500", "unit: 0", "15: gate.unit: 0 is out of range; allowed 1 to 247 (the PLC's Modbus address), a "
     "whole number; set the same at the PLC"),
    ("watchdog_ms: 500", "parity: mark", '15: gate.parity: "mark" is not allowed; allowed even, odd, none'),
    ("watchdog_ms: 500", "coil: 7", f"15: gate.coil: unknown key; allowed keys: {KEYS_OF_MODBUS}; correct or remove "
     "it"),
    ("without_power: divert", "without_power: pass", f"16: gate.without_power: {WITHOUT_POWER}"),
    ("  distance_mm: 400\n", "", f"13: gate.belt_mm_per_s: is of no use without distance_mm; {WAY}"),
    ("watchdog_ms: 500", "min_gap_ms: 60", "15: gate.min_gap_ms: min_gap_ms 60 would divert every part: at 20 parts/s "
     "they come every 50 ms; allowed up to 50 (ms), or lower parts_per_s_max"),
    ("{kind: gate}", "{kind: timer, parts_per_s: 5}", '17: trigger.kind: "timer" does not go with a modbus gate, whose '
     "sensor numbers the parts; write trigger.kind: gate"),
]  # fmt: skip

FOLDER_CAMERA = LINE[LINE.index("camera:\n") : LINE.index("gate:\n")]
WATCHED = changed(LINE, FOLDER_CAMERA, "camera: {kind: watched, folder: ../landing, settle_ms: 50}\n")
WATCHED_DRY = changed(
    changed(DRY, FOLDER_CAMERA, "camera: {kind: watched, folder: ../landing}\n"), "{kind: gate}", "{kind: watched}"
)
NAME_OF_A_PART = 'a name with {epoch} and {number} in it, as "{epoch}-{number}"'
NUMBERS = "numbers begin at 1 again with each epoch, and a late picture must not judge another part"

WATCHED_CASES = [
    ("", "", "4: camera: part_number is missing: the gate's sensor numbers the parts, and each file must say which "
     'part it is of; write part_number: "{epoch}-{number}"'),
    ("settle_ms: 50", "part_number: 'part-{number}'", '4: camera.part_number: "part-{number}" does not name one part; '
     f"allowed {NAME_OF_A_PART}: {NUMBERS}"),
    ("settle_ms: 50", "part_number: '{epoch}{number}'", '4: camera.part_number: "{epoch}{number}" cannot be read back; '
     f"allowed {NAME_OF_A_PART}, with no digit or / beside or between them"),
    ("settle_ms: 50", "part_number: '{epoch}-{number}', settle_ms: 300", "4: camera.settle_ms: 300 leaves no picture "
     "time to be written; write less than timeout_ms, 300 (ms)"),
    ("{kind: watched, folder: ../landing, settle_ms: 50}", "{kind: watched, settle_ms: 50, part_number: '{epoch}-"
     "{number}'}", "4: camera.folder: is missing; add it; allowed a folder as text, which the station may write to; "
     "where the pictures land"),
]  # fmt: skip

WATCHED_DRY_CASES = [
    ("{kind: watched}", "{kind: gate}", '6: trigger.kind: "gate" does not go with a dry gate, which has no sensor; '
     "write {kind: watched}"),
    ("{kind: watched}", "{kind: timer, parts_per_s: 5}", '6: trigger.kind: "timer" does not go with a watched folder, '
     "whose files are the parts; write watched"),
    ("../landing", "'samples:nut/line'", '4: camera.folder: "samples:nut/line": the files of a watched folder are '
     "moved; name one that is there for nothing else"),
    ("../landing", "../landing, then: move", '4: camera.then: "move" is not allowed; allowed keep, delete'),
    ("../landing", "../landing, incomplete_after_ms: 50", "4: camera.settle_ms: 100 leaves no picture time to be "
     "written; write less than incomplete_after_ms, 50 (ms)"),
    ("../landing", "../landing, part_number: '{epoch}-{number}'", "4: camera.part_number: files get their numbers as "
     "they land where the trigger is watched; remove it"),
    ("../landing", "../landing, order: sorted", '4: camera.order: unknown key; did you mean "folder"? allowed keys: '
     "kind, folder, settle_ms, incomplete_after_ms, then, part_number, timeout_ms; correct or remove it"),
]  # fmt: skip

RECIPE_CASES = [
    ("part: hex nut", "part: ''", "1: part: is empty; allowed text; what people call the part"),
    ("model: bundled", "model: bundeld", '2: model: "bundeld" is not a model; did you mean "bundled"? allowed '
     f"{MODELS}"),
    ("model: bundled", "model: owner/-x", f'2: model: "owner/-x" is not a model; allowed {MODELS}'),
    ("model: bundled", "model: owner/x--y@main", f'2: model: "owner/x--y@main" is not a model; allowed {MODELS}'),
    ("model: bundled", "model: 42", f"2: model: 42 is not a model; allowed {MODELS}"),
    ("model: bundled", "model: '42'", f'2: model: "42" is not a model; allowed {MODELS}'),
    ("model: bundled", "model: ./nope", '2: model: "./nope" is not a folder (recipes/nope); write that of a '
     f"checkpoint; allowed {MODELS}"),
    ("model: bundled", "model: bundled\nview: hole", '3: view: "hole" is not allowed; did you mean "whole"? allowed '
     "whole, as-trained"),
    ("normal:\n  - a photo of a flawless nut", "normal: []", "3: normal: is empty; allowed a list of at least one "
     "sentence; each says the same in other words"),
    ("a photo of a flawless nut", "''", "4: normal[1]: is an empty phrasing; write what a camera would see, or "
     "remove it"),
    ("a photo of a flawless nut", "7", "4: normal[1]: 7 is of the wrong type; write it in quotes; allowed a "
     "sentence of "
     "at most 300 characters; one sentence on what a camera would see"),
    ("a photo of a flawless nut", "'?!'", '4: normal[1]: "?!" has no word in it; write what a camera would see, or '
     "remove it"),
    ("a photo of a flawless nut", "'{part}'", '4: normal[1]: "{part}" has no word in it; write what a camera would '
     "see, or remove it"),
    ("a photo of a flawless nut", "a flawless {prat}", '4: normal[1]: "a flawless {prat}" has braces; allowed is '
     "{part}, which stands for the part's noun"),
    ("a photo of a flawless nut", "a nut " + "and a nut " * 1000, '4: normal[1]: "a nut ' + "and a nut " * 5
     + 'a..." is too long; allowed a sentence of at most 300 characters; one sentence on what a camera would see'),
    ("model: bundled", "model: bundled\ntemplates: [a photo]", '3: templates[1]: "a photo" must have {} once, where '
     'the phrasing goes; write it as "a photo of {}"'),
    ("model: bundled", "model: bundled\ntemplates: ['{} by {}']", '3: templates[1]: "{} by {}" must have {} once, '
     'where the phrasing goes; write it as "a photo of {}"'),
    ("model: bundled", "model: bundled\ntemplates: ['{}: {part}']", '3: templates[1]: "{}: {part}" must have {} once, '
     'where the phrasing goes; write it as "a photo of {}"'),
    ("a photo of a scratched nut", "a photo of a scratched {part}\n      - a photo of a scratched hex nut",
     '10: descriptions[scratch].phrasings[2]: "a photo of a scratched hex nut" is written twice; it cannot tell two '
     "defects apart: remove one"),
    ("severity: minor", "severity: high", '7: descriptions[scratch].severity: "high" is not allowed; allowed minor, '
     "major, critical"),
    ("    severity: minor\n", "", '6: descriptions[scratch].severity: is missing; add it; allowed minor, major, '
     'critical; '
     "how bad it is that such a part gets out"),
    ("name: dent", "name: Scratch", '11: descriptions[Scratch].name: "Scratch" is another description\'s name already; '
     "rename one"),
    ("a photo of a dented nut", "A photo of a  flawless nut", '13: descriptions[dent].phrasings[1]: "A photo of a  '
     'flawless nut" is a normal phrasing too; a defect must read differently from a good part'),
    ("a photo of a dented nut", "a photo of a scratched nut", '13: descriptions[dent].phrasings[1]: "a photo of a '
     'scratched nut" is written twice; it cannot tell two defects apart: remove one'),
    ("width: 0.8", "width: 0.95", "14: region_of_interest.width: left 0.1 + width 0.95 is outside the picture; allowed "
     "up to 0.9"),
    ("height: 0.8", "height: 0", "14: region_of_interest.height: 0 is out of range; allowed 0.01 to 1 (of the "
     "picture's "
     "height); from the upper edge"),
    ("phrasings: [a photo of a dented nut]", "phrasings: dented", '13: descriptions[dent].phrasings: "dented" is text; '
     "allowed a list of at least one sentence; each says the same in other words"),
]  # fmt: skip

CASES = [
    *((LINE_FILE, LINE, *case) for case in LINE_CASES),
    *((LINE_FILE, ENCODER, *case) for case in ENCODER_CASES),
    *((LINE_FILE, DRY, *case) for case in DRY_CASES),
    *((LINE_FILE, MODBUS, *case) for case in MODBUS_CASES),
    *((LINE_FILE, WATCHED, *case) for case in WATCHED_CASES),
    *((LINE_FILE, WATCHED_DRY, *case) for case in WATCHED_DRY_CASES),
    *((RECIPE_FILE, RECIPE, *case) for case in RECIPE_CASES),
]


@pytest.mark.parametrize(("file", "text", "old", "new", "message"), CASES, ids=[case[4][:40] for case in CASES])
def test_a_wrong_setting_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str, old: str, new: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_site(tmp_path, {file: changed(text, old, new) if old else text})

    with pytest.raises(ConfigProblems) as caught:
        load_site(tmp_path, tmp_path / "samples")

    assert str(caught.value).splitlines() == [f"{file}:{message}"]
