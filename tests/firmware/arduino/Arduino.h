/* The part of Arduino's API that the sketch uses, declared as its documentation has it. Nothing is behind it. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>

#define LOW 0x0
#define HIGH 0x1
#define OUTPUT 0x1
#define INPUT_PULLUP 0x2
#define FALLING 2
#define CHANGE 4
#define A3 17
#define digitalPinToInterrupt(pin) (pin)

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
int digitalRead(uint8_t pin);
int analogRead(uint8_t pin);
unsigned long micros(void);
void delayMicroseconds(unsigned int us);
void attachInterrupt(uint8_t interrupt, void (*handler)(void), int mode);
void interrupts(void);
void noInterrupts(void);

class HardwareSerial {
 public:
  void begin(unsigned long baud);
  int available();
  int read();
  int availableForWrite();
  size_t write(const uint8_t *data, size_t size);
};

extern HardwareSerial Serial;

#endif
