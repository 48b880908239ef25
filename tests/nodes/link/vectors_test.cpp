// The packets of tests/nodes/link/vectors: a file each, a line of hexadecimal digits for every part.
// With SLM_WRITE_VECTORS set they are written instead of read.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "nodes/link/wire.h"

namespace slm::link {
namespace {

Payload text(std::string bytes) {
  return Payload{std::move(bytes)};
}

std::unique_ptr<wire::AnswerT> answer() {
  auto answer = std::make_unique<wire::AnswerT>();
  answer->label = "weather";
  answer->tier = "small";
  answer->label_names = {"music", "weather"};
  answer->label_probabilities = {0.25F, 0.75F};
  answer->token_logprobs = {-0.5F, -0.25F};
  answer->first_token_margin = 0.5F;
  answer->schema_valid = true;
  answer->confidence = 0.75;
  return answer;
}

Packet hello() {
  wire::HelloT hello;
  hello.protocol_min = 1;
  hello.protocol_max = 1;
  hello.pipeline = "assistant";
  hello.pipeline_hash = 0x0123456789abcdef;
  hello.process = "edge";
  hello.to = "cloud";
  hello.instance_high = 1;
  hello.instance_low = 2;
  hello.nodes = {"draft", "expert"};
  return packet(std::move(hello));
}

Packet welcome() {
  wire::WelcomeT welcome;
  welcome.protocol = 1;
  welcome.process = "cloud";
  welcome.instance_high = 4;
  welcome.instance_low = 5;
  welcome.nodes = {"expert", "draft"};
  welcome.window = 64;
  welcome.heartbeat_ms = 1000;
  welcome.max_payload = 16 << 20;
  return packet(std::move(welcome));
}

Packet refused() {
  wire::RefusedT refused;
  refused.refusal = wire::Refusal::pipeline;
  refused.reason = "its pipeline has other nodes or edges";
  return packet(std::move(refused));
}

Packet calls() {
  auto call = std::make_unique<wire::CallT>();
  call->id = {1, 2, 3, 4};
  call->node = 1;
  call->attempt = 1;
  call->remaining_us = 1'500'000;
  call->request = "request-7";
  call->fields.push_back(std::make_unique<wire::FieldT>());
  call->fields.back()->name = "city";
  call->fields.back()->value = "Oslo";
  call->answer = answer();
  call->waiting = {"edge"};
  wire::CallsT calls;
  calls.calls.push_back(std::move(call));
  return packet(std::move(calls), {text("will it rain in Oslo"), text("{}")});
}

Packet replies() {
  wire::RepliesT replies;
  auto answered = std::make_unique<wire::ReplyT>();
  answered->id = {1, 2, 3, 4};
  answered->ending = wire::Ending::answered;
  answered->answer = answer();
  answered->hops.push_back(std::make_unique<wire::HopT>());
  answered->hops.back()->node = 0;
  answered->hops.back()->entered_us = 10;
  answered->hops.back()->spent_us = 5000;
  answered->hops.back()->prompt_tokens = 20;
  answered->hops.back()->generated_tokens = 12;
  replies.replies.push_back(std::move(answered));
  auto goes_on = std::make_unique<wire::ReplyT>();
  goes_on->id = {1, 2, 3, 5};
  goes_on->ending = wire::Ending::goes_on;
  goes_on->node = 1;
  goes_on->answer = answer();
  replies.replies.push_back(std::move(goes_on));
  return packet(std::move(replies), {text("{\"rain\": true}"), text("{}"), text("will it rain")});
}

Packet acks() {
  wire::AcksT acks;
  acks.ids = {{1, 2, 3, 4}, {1, 2, 3, 5}};
  return packet(std::move(acks));
}

Packet cancels() {
  wire::CancelsT cancels;
  cancels.ids = {{1, 2, 3, 6}};
  return packet(std::move(cancels));
}

Packet window() {
  wire::WindowT window;
  window.window = 8;
  return packet(std::move(window));
}

Packet goodbye() {
  wire::GoodbyeT goodbye;
  goodbye.reason = "process `cloud` ends";
  return packet(std::move(goodbye));
}

const std::map<std::string, Packet (*)()>& packets() {
  static const std::map<std::string, Packet (*)()> all{{"hello", hello},
                                                       {"welcome", welcome},
                                                       {"refused", refused},
                                                       {"calls", calls},
                                                       {"replies", replies},
                                                       {"acks", acks},
                                                       {"cancels", cancels},
                                                       {"window", window},
                                                       {"goodbye", goodbye},
                                                       {"ping", [] { return packet(wire::PingT{}); }},
                                                       {"pong", [] { return packet(wire::PongT{}); }}};
  return all;
}

std::string hex_of(std::string_view bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += kDigits[static_cast<unsigned char>(byte) >> 4U];
    hex += kDigits[static_cast<unsigned char>(byte) & 15U];
  }
  return hex;
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::filesystem::path file_of(const std::string& name) {
  return std::filesystem::path{SLM_TEST_VECTORS} / (name + ".hex");
}

class WireVector : public ::testing::TestWithParam<std::string> {};

TEST_P(WireVector, SaysWhatItSaidInVersionOne) {
  const std::vector<Payload> wanted = encode(packets().at(GetParam())());
  if (std::getenv("SLM_WRITE_VECTORS") != nullptr) {
    std::ofstream file{file_of(GetParam())};
    for (const Payload& part : wanted) file << hex_of(*part) << '\n';
    GTEST_SKIP() << "written";
  }
  std::ifstream file{file_of(GetParam())};
  ASSERT_TRUE(file) << file_of(GetParam());
  std::vector<std::string> parts;
  for (std::string line; std::getline(file, line);) parts.push_back(bytes_of(line));
  const std::vector<std::string_view> views{parts.begin(), parts.end()};
  // Compared as this library writes them, since FlatBuffers may lay a header out in more than one way.
  const std::vector<Payload> found = encode(decode(views, {}));
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(hex_of(*found[i]), hex_of(*wanted[i]));
}

INSTANTIATE_TEST_SUITE_P(All, WireVector,
                         ::testing::Values("hello", "welcome", "refused", "calls", "replies", "acks",
                                           "cancels", "window", "goodbye", "ping", "pong"),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace slm::link
