// A gate controller on a board: pins and interrupts here, everything that decides in the library's core.
// Wiring, and what to set for your line: firmware/README.md.
//
// What it drives diverts when it has no current: PIN_PASS is high only while a part with a PASS is at the gate. How long
// that is the core decides, as everything else.

#include <inspection_gate.h>

// --- the board: set these ---------------------------------------------------------------------------------------

static const uint8_t PIN_PART_SENSOR = 2;   // with an interrupt; falls when a part comes
static const uint8_t PIN_ENCODER_A = 3;     // with an interrupt, at both its edges
static const uint8_t PIN_ENCODER_B = 4;
static const uint8_t PIN_EJECT_SENSOR = 5;  // with an interrupt; falls when a part falls into the bin
static const uint8_t PIN_PASS = 6;          // high: the gate lets through. Low, and without power: it diverts
static const uint8_t PIN_RUN_PERMIT = 7;    // high: the belt may run
static const uint8_t PIN_LIGHT_GREEN = 8;
static const uint8_t PIN_LIGHT_RED = 9;
static const uint8_t PIN_LIGHT_AMBER = 14;
static const uint8_t PIN_REVIEW = 15;       // high: the part that is diverted goes to the review lane
static const uint8_t PIN_GATE_SENSOR = 16;  // with an interrupt; falls when a part is at the gate
static const uint8_t PIN_ESTOP = 10;        // auxiliary contacts, closed to ground when all is well: only read
static const uint8_t PIN_GUARD = 11;
static const uint8_t PIN_BIN_FULL = 12;     // closed to ground when the bin is full
static const uint8_t PIN_AIR_LOW = 13;      // closed to ground when the air pressure is low

static const bool HAS_EJECT_SENSOR = false;
static const bool HAS_GATE_SENSOR = false;
static const bool HAS_PERMIT = true;        // something stops the belt when PIN_RUN_PERMIT is low
static const bool PERMIT_IN_HARDWARE = false;  // true only if the permit falls by itself when this board hangs or resets
static const bool HAS_LIGHT = true;
static const bool HAS_REVIEW_LANE = false;
// How far behind the gate it stays open for one part, and how far a diverted part may get to the eject sensor. On a line
// that tracks by encoder the counts hold, else the times. The opening is never longer than the line's smallest gap.
static const ig_reach GATE_OPENS = {60000, 100};  // microseconds, counts
static const ig_reach PART_FALLS = {300000, 1000};  // by encoder not further than from the part sensor to the gate
// By encoder: a gate that is open closes when the count got no further for so long. A belt that stands and an encoder that
// died look the same: what comes to the gate meanwhile goes through unjudged. 0: never, only where the drive is proven
// to stand.
static const uint32_t GATE_STALL_MS = 500;
static const uint32_t DEBOUNCE_US = 2000;   // edges of a sensor that are closer are one part
static const uint8_t PIN_NOISE = A3;        // an analogue input that is open, for random_boot

// --- interrupts: they note what happened and when, and decide nothing --------------------------------------------

static const uint8_t EDGES = 16;  // parts noted between two rounds of loop()

static volatile int32_t encoder_counts = 0;
static volatile uint32_t edge_us[EDGES];
static volatile int32_t edge_counts[EDGES];
static volatile uint8_t edges_written = 0;
static volatile uint32_t last_edge_us = 0;
static volatile uint8_t ejections = 0;
static volatile uint32_t last_ejection_us = 0;
static volatile uint32_t seen_us[EDGES];  // at the gate
static volatile int32_t seen_counts[EDGES];
static volatile uint8_t seen_written = 0;
static volatile uint32_t last_seen_us = 0;

static void on_part() {
  const uint32_t now = micros();
  if (now - last_edge_us < DEBOUNCE_US) {
    return;
  }
  last_edge_us = now;
  edge_us[edges_written % EDGES] = now;
  edge_counts[edges_written % EDGES] = encoder_counts;
  edges_written = edges_written + 1;
}

static void on_seen() {
  const uint32_t now = micros();
  if (now - last_seen_us < DEBOUNCE_US) {
    return;
  }
  last_seen_us = now;
  seen_us[seen_written % EDGES] = now;
  seen_counts[seen_written % EDGES] = encoder_counts;
  seen_written = seen_written + 1;
}

// Both edges of A, or a belt that stands and trembles about one of them would count on and on.
static void on_encoder() {
  if (digitalRead(PIN_ENCODER_A) == digitalRead(PIN_ENCODER_B)) {
    encoder_counts = encoder_counts + 1;
  } else {
    encoder_counts = encoder_counts - 1;
  }
}

static void on_ejection() {
  const uint32_t now = micros();
  if (now - last_ejection_us < DEBOUNCE_US) {
    return;
  }
  last_ejection_us = now;
  ejections = ejections + 1;
}

// --- the gate --------------------------------------------------------------------------------------------------

static ig_gate gate;
static uint8_t output[2560];
static uint8_t edges_read = 0;
static uint8_t seen_read = 0;

// micros() wraps every 71 minutes; call often enough.
static uint64_t now_us() {
  static uint32_t last = 0;
  static uint64_t wraps = 0;
  const uint32_t now = micros();
  if (now < last) {
    wraps += UINT64_C(1) << 32;
  }
  last = now;
  return wraps + now;
}

static int32_t encoder_now() {
  noInterrupts();
  const int32_t counts = encoder_counts;
  interrupts();
  return counts;
}

// A number that no other power-up had. Use the board's random number generator where it has one: this gathers what
// the lowest bits of an open analogue input and of the clock have to give.
static uint32_t random_boot() {
  uint32_t boot = 0;
  for (uint8_t i = 0; i < 64; i++) {
    boot = (boot << 5 | boot >> 27) ^ (uint32_t)analogRead(PIN_NOISE) ^ micros();
    delayMicroseconds(97);
  }
  return boot != 0 ? boot : 1;
}

// The board's own watchdog timer, where it is switched on (at the end of setup()): reset it here and nowhere else.
static void feed_watchdog() {
}

// The level first, or the pin would show for a moment what its latch happened to hold. Some boards keep a level only
// for a pin that is an output: so it is set again.
static void make_output(uint8_t pin, uint8_t level) {
  digitalWrite(pin, level);
  pinMode(pin, OUTPUT);
  digitalWrite(pin, level);
}

// Until here, from reset on, every pin floats: a pull-down resistor on permit and gate keeps belt and gate safe.
void setup() {
  make_output(PIN_RUN_PERMIT, LOW);
  make_output(PIN_PASS, LOW);
  make_output(PIN_REVIEW, LOW);
  make_output(PIN_LIGHT_RED, HIGH);
  make_output(PIN_LIGHT_GREEN, LOW);
  make_output(PIN_LIGHT_AMBER, LOW);
  pinMode(PIN_GATE_SENSOR, INPUT_PULLUP);
  pinMode(PIN_PART_SENSOR, INPUT_PULLUP);
  pinMode(PIN_ENCODER_A, INPUT_PULLUP);
  pinMode(PIN_ENCODER_B, INPUT_PULLUP);
  pinMode(PIN_EJECT_SENSOR, INPUT_PULLUP);
  pinMode(PIN_ESTOP, INPUT_PULLUP);
  pinMode(PIN_GUARD, INPUT_PULLUP);
  pinMode(PIN_BIN_FULL, INPUT_PULLUP);
  pinMode(PIN_AIR_LOW, INPUT_PULLUP);
  Serial.begin(115200);

  ig_config config = {};
  config.boot = random_boot();
  config.capabilities = (HAS_EJECT_SENSOR ? IG_CAN_CONFIRM : 0) | (HAS_GATE_SENSOR ? IG_CAN_SEE_AT_GATE : 0) |
                        (HAS_PERMIT ? IG_CAN_PERMIT : 0) | (HAS_LIGHT ? IG_CAN_LIGHT : 0) |
                        (HAS_REVIEW_LANE ? IG_CAN_REVIEW : 0) |
                        (HAS_PERMIT && PERMIT_IN_HARDWARE ? IG_CAN_PERMIT_IN_HARDWARE : 0);
  config.opens = GATE_OPENS;
  config.falls = PART_FALLS;
  config.stall_us = GATE_STALL_MS * 1000;
  config.output = output;
  config.output_capacity = sizeof output;
  ig_init(&gate, &config, now_us());

  attachInterrupt(digitalPinToInterrupt(PIN_PART_SENSOR), on_part, FALLING);
  attachInterrupt(digitalPinToInterrupt(PIN_ENCODER_A), on_encoder, CHANGE);
  attachInterrupt(digitalPinToInterrupt(PIN_EJECT_SENSOR), on_ejection, FALLING);
  attachInterrupt(digitalPinToInterrupt(PIN_GATE_SENSOR), on_seen, FALLING);
}

// A part came that has no number: nothing may pass and nothing may run until a person has looked and reset the board. The
// board's watchdog is fed, or it would do so by itself.
static void halt() {
  noInterrupts();
  digitalWrite(PIN_PASS, LOW);
  digitalWrite(PIN_RUN_PERMIT, LOW);
  digitalWrite(PIN_REVIEW, LOW);
  digitalWrite(PIN_LIGHT_GREEN, LOW);
  digitalWrite(PIN_LIGHT_AMBER, LOW);
  digitalWrite(PIN_LIGHT_RED, HIGH);
  for (;;) {
    feed_watchdog();
  }
}

// Parts that came since the last round, with the time and the count of their edge.
static void sense_parts() {
  for (;;) {
    noInterrupts();
    const uint8_t waiting = edges_written - edges_read;
    const uint32_t at_us = edge_us[edges_read % EDGES];
    const int32_t counts = edge_counts[edges_read % EDGES];
    interrupts();
    if (waiting > EDGES) {
      halt();
    }
    if (waiting == 0) {
      return;
    }
    edges_read++;
    const uint64_t now = now_us();
    ig_sense(&gate, now, (uint32_t)now - at_us, counts);
  }
}

// What came by the sensor at the gate since the last round. Told before any time passes for the core: the windows of
// the parts that are due must still be open.
static void see_at_gate() {
  for (;;) {
    noInterrupts();
    const uint8_t waiting = seen_written - seen_read;
    const uint32_t at_us = seen_us[seen_read % EDGES];
    const int32_t counts = seen_counts[seen_read % EDGES];
    interrupts();
    if (waiting > EDGES) {
      halt();
    }
    if (waiting == 0) {
      return;
    }
    seen_read++;
    const uint64_t now = now_us();
    ig_at_gate(&gate, now, (uint32_t)now - at_us, counts);
  }
}

// The gate as the core has it. Permit and lights as the station asks for in its session; without one the permit is off
// and red is on.
static void drive_outputs() {
  const uint8_t way = ig_way(&gate);
  digitalWrite(PIN_PASS, way == IG_PASS ? HIGH : LOW);
  digitalWrite(PIN_REVIEW, way == IG_REVIEW ? HIGH : LOW);
  const uint8_t outputs = ig_outputs(&gate);
  digitalWrite(PIN_RUN_PERMIT, outputs & IG_RUN_PERMIT ? HIGH : LOW);
  digitalWrite(PIN_LIGHT_GREEN, outputs & IG_GREEN ? HIGH : LOW);
  digitalWrite(PIN_LIGHT_AMBER, outputs & IG_AMBER ? HIGH : LOW);
  digitalWrite(PIN_LIGHT_RED, outputs & IG_RED ? HIGH : LOW);
}

// Told before any time passes for the core, like what the sensor at the gate saw.
static void watch_ejections() {
  noInterrupts();
  uint8_t seen = ejections;
  ejections = 0;
  interrupts();
  for (; seen > 0; seen--) {
    ig_ejected(&gate, now_us());
  }
}

static uint8_t inputs_now() {
  uint8_t inputs = 0;
  inputs |= digitalRead(PIN_ESTOP) == HIGH ? IG_EMERGENCY_STOP : 0;
  inputs |= digitalRead(PIN_GUARD) == HIGH ? IG_GUARD_OPEN : 0;
  inputs |= digitalRead(PIN_BIN_FULL) == LOW ? IG_BIN_FULL : 0;
  inputs |= digitalRead(PIN_AIR_LOW) == LOW ? IG_AIR_LOW : 0;
  return inputs;
}

// No more than the port takes without waiting: loop() must go round.
static void talk() {
  uint8_t data[64];
  size_t size = 0;
  while (size < sizeof data && Serial.available() > 0) {
    data[size++] = (uint8_t)Serial.read();
  }
  ig_receive(&gate, data, size, now_us(), encoder_now());
  const int room = Serial.availableForWrite();
  size_t ready = gate.output_size;
  if (room <= 0 || ready == 0) {
    return;
  }
  if (ready > (size_t)room) {
    ready = (size_t)room;
  }
  ig_output_taken(&gate, Serial.write(output, ready));
}

void loop() {
  feed_watchdog();
  if (HAS_EJECT_SENSOR) {
    watch_ejections();
  }
  if (HAS_GATE_SENSOR) {
    see_at_gate();
  }
  sense_parts();
  ig_set_inputs(&gate, inputs_now());
  talk();  // lets time pass as well
  drive_outputs();
}
