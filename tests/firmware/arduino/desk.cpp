// An Arduino on the desk: its clock, its pins and its port are moved by hand.
#include "Arduino.h"

#include <deque>

static uint32_t clock_us = 0;
static uint8_t pins[32];
static void (*handlers[32])(void);
static std::deque<uint8_t> heard, said;

HardwareSerial Serial;

void pinMode(uint8_t pin, uint8_t mode) { pins[pin] = mode == INPUT_PULLUP ? HIGH : pins[pin]; }
void digitalWrite(uint8_t pin, uint8_t value) { pins[pin] = value; }
int digitalRead(uint8_t pin) { return pins[pin]; }
int analogRead(uint8_t pin) { return 500 + pin; }
unsigned long micros(void) { return clock_us; }
void delayMicroseconds(unsigned int us) { clock_us += us; }
void attachInterrupt(uint8_t interrupt, void (*handler)(void), int) { handlers[interrupt] = handler; }
void interrupts(void) {}
void noInterrupts(void) {}

void HardwareSerial::begin(unsigned long) {}
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

extern "C" {

void desk_power_up(uint32_t at_us) {
  clock_us = at_us;
  setup();
}

// Time passes in rounds of loop() of 100 us.
void desk_wait(uint32_t us) {
  for (uint32_t gone = 0; gone < us; gone += 100) {
    clock_us += 100;
    loop();
  }
}

void desk_edge(uint8_t pin) { handlers[pin](); }
void desk_set(uint8_t pin, uint8_t value) { pins[pin] = value; }
uint8_t desk_pin(uint8_t pin) { return pins[pin]; }
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
