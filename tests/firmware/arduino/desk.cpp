// An Arduino on the desk: its clock, its inputs and its port are moved by hand. It notes what the sketch does to its pins.
#include "Arduino.h"

#include <deque>

static const uint8_t PINS = 32, FLOATS = 0xff;

struct Pin {
  uint8_t mode = FLOATS;
  uint8_t latch = HIGH;  // after a reset it may hold anything
  uint8_t level = LOW;   // from outside; a pull-down resistor where the pin floats
  void (*handler)(void) = nullptr;
  int edges = 0;
};

struct Done {  // 'M' pinMode, 'W' digitalWrite, 'A' analogRead, 'I' attachInterrupt, 'S' Serial.begin
  uint8_t what, pin, value, shows;
};

static uint32_t clock_us = 0;
static Pin pins[PINS];
static std::deque<Done> done;
static std::deque<uint8_t> heard, said;

HardwareSerial Serial;

static uint8_t shown(uint8_t pin) { return pins[pin].mode == OUTPUT ? pins[pin].latch : pins[pin].level; }

static void note(uint8_t what, uint8_t pin, uint8_t value) { done.push_back({what, pin, value, shown(pin)}); }

void pinMode(uint8_t pin, uint8_t mode) {
  pins[pin].mode = mode;
  pins[pin].level = mode == INPUT_PULLUP ? HIGH : pins[pin].level;
  note('M', pin, mode);
}

void digitalWrite(uint8_t pin, uint8_t value) {
  pins[pin].latch = value;
  note('W', pin, value);
}

int digitalRead(uint8_t pin) { return shown(pin); }

int analogRead(uint8_t pin) {
  note('A', pin, 0);
  return 500 + pin;
}

unsigned long micros(void) { return clock_us; }
void delayMicroseconds(unsigned int us) { clock_us += us; }

void attachInterrupt(uint8_t interrupt, void (*handler)(void), int mode) {
  pins[interrupt].handler = handler;
  pins[interrupt].edges = mode;
  note('I', interrupt, (uint8_t)mode);
}

void interrupts(void) {}
void noInterrupts(void) {}

void HardwareSerial::begin(unsigned long) { note('S', 0, 0); }
int HardwareSerial::available() { return (int)heard.size(); }
int HardwareSerial::availableForWrite() { return 32; }

int HardwareSerial::read() {
  const uint8_t byte = heard.front();
  heard.pop_front();
  return byte;
}

size_t HardwareSerial::write(const uint8_t *data, size_t size) {
  said.insert(said.end(), data, data + size);
  return size;
}

void setup();
void loop();

// The board's watchdog, where the sketch is changed so that it feeds this one. A round that feeds it so often never ends.
static const uint32_t FOR_EVER = 1000;
static uint32_t fed = 0, fed_in_round = 0;
struct Halted {};

void desk_feed() {
  fed++;
  if (++fed_in_round > FOR_EVER) {
    throw Halted();
  }
}

extern "C" {

void desk_power_up(uint32_t at_us) {
  clock_us = at_us;
  setup();
}

// Time passes in rounds of loop() of 100 us.
void desk_wait(uint32_t us) {
  for (uint32_t gone = 0; gone < us; gone += 100) {
    clock_us += 100;
    fed_in_round = 0;
    loop();
  }
}

// Whether the next round never ends, and feeds the watchdog meanwhile.
uint8_t desk_halts() {
  try {
    desk_wait(100);
  } catch (const Halted &) {
    return 1;
  }
  return 0;
}

uint32_t desk_fed() { return fed; }

void desk_set(uint8_t pin, uint8_t value) {
  const bool changes = pins[pin].level != value;
  pins[pin].level = value;
  const int edges = pins[pin].edges;
  if (changes && pins[pin].handler != nullptr && (edges == CHANGE || (edges == FALLING && value == LOW))) {
    pins[pin].handler();
  }
}

uint8_t desk_pin(uint8_t pin) { return shown(pin); }

size_t desk_done(Done *into, size_t most) {
  size_t size = 0;
  while (size < most && !done.empty()) {
    into[size++] = done.front();
    done.pop_front();
  }
  return size;
}

void desk_hear(const uint8_t *data, size_t size) { heard.insert(heard.end(), data, data + size); }

size_t desk_said(uint8_t *data) {
  const size_t size = said.size();
  for (size_t i = 0; i < size; i++) {
    data[i] = said[i];
  }
  said.clear();
  return size;
}
}
