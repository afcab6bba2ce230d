// What the module costs in memory on the way of every message and in every idle flow. Replaces operator new.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>
#include <string>

#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"
#include "broker/sip/stun_message.h"

namespace {

std::size_t held_octets = 0;
std::size_t allocations = 0;

void Release(void* memory) {
  if (memory != nullptr) held_octets -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  held_octets += malloc_usable_size(memory);
  ++allocations;
  return memory;
}

void operator delete(void* memory) noexcept {
  Release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  Release(memory);
}

namespace flowbroker::sip {
namespace {

std::string Message(std::size_t body) {
  return "MESSAGE sip:a@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bKabcdef0123456789\r\n"
         "Call-ID: a84b4c76e66710@pc33.example.org\r\nCSeq: 1 MESSAGE\r\nContent-Length: " +
         std::to_string(body) + "\r\n\r\n" + std::string(body, 'b');
}

void Drain(MessageFramer& framer) {
  while (framer.Next()) continue;
}

TEST(MemoryTest, WholeMessagesAreReadWithoutAllocation) {
  const std::string stream = Message(100) + Message(0) + "\r\n\r\n" + Message(200);
  MessageFramer framer{FramerLimits{}};
  const std::size_t before = allocations;
  framer.Append(stream);
  std::size_t heads = 0;
  while (const auto item = framer.Next()) {
    if (item->kind == MessageFramer::Kind::kMessage && ReadMessageHead(item->bytes)) ++heads;
  }
  framer.Compact();
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(heads, 3U);
}

// An edge answers tens of thousands each second (N4).
TEST(MemoryTest, StunIsReadAndWrittenWithoutAllocation) {
  const Endpoint source{IpAddress::FromIpv4({192, 0, 2, 1}), 5060};
  const std::size_t before = allocations;
  const Expected<StunMessage> request = ReadStun(WriteBindingRequest({}, true).view());
  const Expected<StunMessage> answer = ReadStun(WriteBindingAnswer(request->id, source, true).view());
  const Expected<StunMessage> error = ReadStun(WriteBindingError(request->id, 420, request->unknown, true).view());
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(answer->mapped_address, source);
  EXPECT_EQ(error->error_code, 420);
}

TEST(MemoryTest, AnIdleFramerHoldsNoHeap) {
  MessageFramer framer{FramerLimits{}};
  const std::string large = Message(500'000);
  const std::size_t before = held_octets;
  framer.Append(std::string_view(large).substr(0, 400'000));
  Drain(framer);
  EXPECT_GE(held_octets, before + 400'000);
  framer.Append(std::string_view(large).substr(400'000));
  Drain(framer);
  framer.Compact();
  EXPECT_EQ(held_octets, before);
}

TEST(MemoryTest, ALargeMessageLeavesNoLargeBufferToASmallRest) {
  MessageFramer framer{FramerLimits{}};
  const std::string large = Message(500'000) + "MESSAGE sip:";
  const std::size_t before = held_octets;
  framer.Append(std::string_view(large).substr(0, 400'000));
  Drain(framer);
  framer.Append(std::string_view(large).substr(400'000));
  Drain(framer);
  framer.Compact();
  EXPECT_LT(held_octets, before + 200);
}

// A busy peer need never pause between two messages, so that something is always left over.
TEST(MemoryTest, AStreamThatNeverPausesHoldsBoundedMemory) {
  const std::string message = Message(300);
  const std::string turned = message.substr(100) + message.substr(0, 100);
  MessageFramer framer{FramerLimits{}};
  framer.Append(std::string_view(message).substr(0, 100));
  Drain(framer);
  const std::size_t before = held_octets;
  for (int i = 0; i < 1000; ++i) {
    framer.Append(turned);
    Drain(framer);
  }
  EXPECT_FALSE(framer.failure());
  EXPECT_LT(held_octets, before + 8 * message.size());
}

}  // namespace
}  // namespace flowbroker::sip
