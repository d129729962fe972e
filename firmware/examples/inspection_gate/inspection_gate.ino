// A gate controller on a board: pins and interrupts here, everything that decides in the library's core.
// Wiring, and what to set for your line: firmware/README.md.
//
// What it drives diverts when it has no current: PIN_PASS is high only while a part with a PASS is at the gate.

#include <inspection_gate.h>

// --- the board: set these ---------------------------------------------------------------------------------------

static const uint8_t PIN_PART_SENSOR = 2;   // with an interrupt; falls when a part comes
static const uint8_t PIN_ENCODER_A = 3;     // with an interrupt
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
static const uint32_t PASS_US = 60000;      // so long the gate stays open for one part; shorter than the smallest gap
static const uint32_t CONFIRM_US = 300000;  // so long after the gate a diverted part may take to the eject sensor
static const uint32_t DEBOUNCE_US = 2000;   // edges of the part sensor that are closer are one part

// --- interrupts: they note what happened and when, and decide nothing --------------------------------------------

static const uint8_t EDGES = 16;  // parts noted between two rounds of loop()

static volatile int32_t encoder_counts = 0;
static volatile uint32_t edge_us[EDGES];
static volatile int32_t edge_counts[EDGES];
static volatile uint8_t edges_written = 0;
static volatile uint32_t last_edge_us = 0;
static volatile uint8_t ejections = 0;
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

static void on_encoder() {
  if (digitalRead(PIN_ENCODER_B) == HIGH) {
    encoder_counts = encoder_counts + 1;
  } else {
    encoder_counts = encoder_counts - 1;
  }
}

static void on_ejection() {
  ejections = ejections + 1;
}

// --- the gate --------------------------------------------------------------------------------------------------

static ig_gate gate;
static uint8_t output[2560];
static uint8_t edges_read = 0;
static uint8_t seen_read = 0;
static uint64_t pass_until_us = 0;
static uint64_t review_until_us = 0;

struct Awaited {  // parts behind the gate, until their eject sensor had its time
  ig_gone part;
  uint64_t until_us;
};
static const uint8_t AWAITED = 16;
static Awaited awaited[AWAITED];
static uint8_t awaited_count = 0;

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

// Called by the core once a part, when it is at the gate.
static void on_gone(void *, const ig_gone *part) {
  const uint64_t now = now_us();
  digitalWrite(PIN_PASS, part->passes ? HIGH : LOW);
  pass_until_us = part->passes ? now + PASS_US : 0;
  digitalWrite(PIN_REVIEW, part->way == IG_REVIEW ? HIGH : LOW);
  review_until_us = part->way == IG_REVIEW ? now + PASS_US : 0;
  if (HAS_EJECT_SENSOR && awaited_count < AWAITED) {
    awaited[awaited_count].part = *part;
    awaited[awaited_count].until_us = now + CONFIRM_US;
    awaited_count++;
  }
}

// A number that no other power-up had. Use the board's random number generator where it has one: this gathers what
// the lowest bits of an open analogue input and of the clock have to give.
static uint32_t random_boot() {
  uint32_t boot = 0;
  for (uint8_t i = 0; i < 64; i++) {
    boot = (boot << 5 | boot >> 27) ^ (uint32_t)analogRead(A0) ^ micros();
    delayMicroseconds(97);
  }
  return boot != 0 ? boot : 1;
}

void setup() {
  digitalWrite(PIN_PASS, LOW);
  pinMode(PIN_PASS, OUTPUT);
  pinMode(PIN_RUN_PERMIT, OUTPUT);
  pinMode(PIN_LIGHT_GREEN, OUTPUT);
  pinMode(PIN_LIGHT_AMBER, OUTPUT);
  pinMode(PIN_LIGHT_RED, OUTPUT);
  digitalWrite(PIN_RUN_PERMIT, LOW);
  digitalWrite(PIN_LIGHT_RED, HIGH);
  digitalWrite(PIN_REVIEW, LOW);
  pinMode(PIN_REVIEW, OUTPUT);
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
  config.confirm_us = CONFIRM_US + 50000;  // the sketch has told by then
  config.output = output;
  config.output_capacity = sizeof output;
  config.gone = on_gone;
  ig_init(&gate, &config, now_us());

  attachInterrupt(digitalPinToInterrupt(PIN_PART_SENSOR), on_part, FALLING);
  attachInterrupt(digitalPinToInterrupt(PIN_ENCODER_A), on_encoder, RISING);
  attachInterrupt(digitalPinToInterrupt(PIN_EJECT_SENSOR), on_ejection, FALLING);
  attachInterrupt(digitalPinToInterrupt(PIN_GATE_SENSOR), on_seen, FALLING);
}

// A part came that has no number: nothing may pass and nothing may run until a person has looked and reset the board.
static void halt() {
  noInterrupts();
  digitalWrite(PIN_PASS, LOW);
  digitalWrite(PIN_RUN_PERMIT, LOW);
  digitalWrite(PIN_REVIEW, LOW);
  digitalWrite(PIN_LIGHT_GREEN, LOW);
  digitalWrite(PIN_LIGHT_AMBER, LOW);
  digitalWrite(PIN_LIGHT_RED, HIGH);
  for (;;) {
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

// As the station asks for in its session; without one the permit is off and red is on.
static void drive_outputs() {
  const uint8_t outputs = ig_outputs(&gate);
  digitalWrite(PIN_RUN_PERMIT, outputs & IG_RUN_PERMIT ? HIGH : LOW);
  digitalWrite(PIN_LIGHT_GREEN, outputs & IG_GREEN ? HIGH : LOW);
  digitalWrite(PIN_LIGHT_AMBER, outputs & IG_AMBER ? HIGH : LOW);
  digitalWrite(PIN_LIGHT_RED, outputs & IG_RED ? HIGH : LOW);
}

static void tell_ejection(uint8_t position, bool agrees) {
  const ig_gone &part = awaited[position].part;
  ig_confirm_ejection(&gate, part.epoch, part.number, agrees, now_us());
  awaited_count--;
  for (uint8_t i = position; i < awaited_count; i++) {
    awaited[i] = awaited[i + 1];
  }
}

// What falls into the bin is the oldest part that was diverted; if there is none, a part that should have passed.
static void watch_ejections() {
  noInterrupts();
  uint8_t seen = ejections;
  ejections = 0;
  interrupts();
  for (; seen > 0 && awaited_count > 0; seen--) {
    uint8_t position = 0;
    while (position < awaited_count && awaited[position].part.passes) {
      position++;
    }
    const bool was_diverted = position < awaited_count;
    tell_ejection(was_diverted ? position : 0, was_diverted);
  }
  while (awaited_count > 0 && awaited[0].until_us <= now_us()) {
    tell_ejection(0, awaited[0].part.passes);
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
  if (HAS_GATE_SENSOR) {
    see_at_gate();
  }
  sense_parts();
  ig_set_inputs(&gate, inputs_now());
  talk();  // lets time pass as well
  if (pass_until_us != 0 && pass_until_us <= now_us()) {
    digitalWrite(PIN_PASS, LOW);
    pass_until_us = 0;
  }
  if (review_until_us != 0 && review_until_us <= now_us()) {
    digitalWrite(PIN_REVIEW, LOW);
    review_until_us = 0;
  }
  if (HAS_EJECT_SENSOR) {
    watch_ejections();
  }
  drive_outputs();
}
