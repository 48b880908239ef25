#include "nodes/link/wire.h"

#include <gtest/gtest.h>

#include <random>

#include "nodes/link/carry.h"

namespace slm::link {
namespace {

std::vector<std::string_view> views_of(const std::vector<Payload>& parts) {
  std::vector<std::string_view> views;
  for (const Payload& part : parts) views.push_back(*part);
  return views;
}

Payload text(std::string bytes) {
  return Payload{std::move(bytes)};
}

/// One call with everything that a call can have.
Packet full_call() {
  auto call = std::make_unique<wire::CallT>();
  call->id = {1, 2, 3, 4};
  call->node = 5;
  call->attempt = 1;
  call->remaining_us = 1'500'000;
  call->request = "request-7";
  call->fields.push_back(std::make_unique<wire::FieldT>());
  call->fields.back()->name = "city";
  call->fields.back()->value = "Oslo";
  call->answer = std::make_unique<wire::AnswerT>();
  call->answer->label = "weather";
  call->answer->tier = "small";
  call->answer->label_names = {"music", "weather"};
  call->answer->label_probabilities = {0.25F, 0.75F};
  call->answer->token_logprobs = {-0.5F, -0.25F};
  call->answer->first_token_margin = 0.5F;
  call->answer->schema_valid = true;
  call->answer->confidence = 0.75;
  call->waiting = {"edge"};
  call->is_degraded = true;
  wire::CallsT calls;
  calls.calls.push_back(std::move(call));
  return packet(std::move(calls), {text("will it rain in Oslo"), text("{}")});
}

TEST(LinkWire, CarriesWhatWorkTookAndCost) {
  const PipelineSpec spec{.nodes = {NodeSpec{.name = "draft"}}};
  Message message;
  message.submitted = Clock::now();
  Hop hop{.node = "draft", .entered = message.submitted, .left = message.submitted};
  hop.cost = 0.125;
  hop.energy_j = 2.5;
  hop.is_cached = true;
  message.trace.push_back(hop);
  hop.recorded = std::chrono::milliseconds{250};
  message.trace.push_back(hop);
  message.trace.push_back(hop);  // the crossing
  wire::CallsT calls;
  calls.calls.push_back(std::make_unique<wire::CallT>(*full_call().body.AsCalls()->calls.at(0)));
  add_unsent(*calls.calls[0], message, spec);
  const Packet found = decode(views_of(encode(packet(std::move(calls), {text(""), text("")}))), {});
  Message taken;
  take_unsent(taken, *found.body.AsCalls()->calls.at(0), spec, NodeTable{spec, {"draft"}});
  ASSERT_EQ(taken.trace.size(), 2U);
  EXPECT_EQ(taken.trace[0].cost, 0.125);
  EXPECT_EQ(taken.trace[0].energy_j, 2.5);
  EXPECT_TRUE(taken.trace[0].is_cached);
  EXPECT_EQ(taken.trace[0].recorded, std::nullopt);
  EXPECT_EQ(taken.trace[1].recorded, std::chrono::milliseconds{250});
}

TEST(LinkWire, CarriesACallWhole) {
  const auto parts = encode(full_call());
  ASSERT_EQ(parts.size(), 3U);
  const Packet found = decode(views_of(parts), {});
  ASSERT_NE(found.body.AsCalls(), nullptr);
  const wire::CallT& call = *found.body.AsCalls()->calls.at(0);
  EXPECT_EQ(call.id.sequence(), 4U);
  EXPECT_EQ(call.node, 5);
  EXPECT_EQ(call.remaining_us, 1'500'000U);
  EXPECT_EQ(call.request, "request-7");
  EXPECT_EQ(call.fields.at(0)->value, "Oslo");
  EXPECT_EQ(call.answer->label_names, (std::vector<std::string>{"music", "weather"}));
  EXPECT_EQ(call.answer->token_logprobs, (std::vector<float>{-0.5F, -0.25F}));
  EXPECT_EQ(call.answer->confidence.value(), 0.75);
  EXPECT_TRUE(call.answer->schema_valid.value());
  EXPECT_EQ(call.waiting, (std::vector<std::string>{"edge"}));
  EXPECT_TRUE(call.is_degraded);
  EXPECT_EQ(*found.payloads.at(0), "will it rain in Oslo");
}

TEST(LinkWire, KeepsMissingEvidenceMissing) {
  Packet sent = full_call();
  auto& answer = *sent.body.AsCalls()->calls[0]->answer;
  answer.first_token_margin = flatbuffers::nullopt;
  answer.schema_valid = flatbuffers::nullopt;
  answer.confidence = flatbuffers::nullopt;
  const Packet found = decode(views_of(encode(std::move(sent))), {});
  EXPECT_FALSE(found.body.AsCalls()->calls[0]->answer->first_token_margin.has_value());
  EXPECT_FALSE(found.body.AsCalls()->calls[0]->answer->schema_valid.has_value());
  EXPECT_FALSE(found.body.AsCalls()->calls[0]->answer->confidence.has_value());
}

TEST(LinkWire, SendsPayloadsWithoutCopyingThem) {
  Packet sent = full_call();
  const auto* bytes = sent.payloads[0]->data();
  EXPECT_EQ(encode(std::move(sent))[1]->data(), bytes);
}

TEST(LinkWire, CompressesLargePayloadsWhereItHelps) {
  Packet sent = full_call();
  sent.payloads[0] = text(std::string(100'000, 'a'));
  const auto parts = encode(std::move(sent), 1000);
  EXPECT_LT(parts[1]->size(), 1000U);
  EXPECT_EQ(*parts[2], "{}");
  EXPECT_EQ(*decode(views_of(parts), {}).payloads[0], std::string(100'000, 'a'));
}

TEST(LinkWire, RefusesWhatUnpacksBeyondTheLimit) {
  Packet sent = full_call();
  sent.payloads[0] = text(std::string(100'000, 'a'));
  const auto parts = encode(std::move(sent), 1000);
  EXPECT_THROW(decode(views_of(parts), {.max_payload = 99'999}), MalformedPacket);
  EXPECT_THROW(decode(views_of(parts), {.max_packet = 100'001}), MalformedPacket) << "both together";
  EXPECT_NO_THROW(decode(views_of(parts), {.max_packet = 100'002}));
}

TEST(LinkWire, RefusesAnotherNumberOfPayloads) {
  const auto parts = encode(full_call());
  auto seen = views_of(parts);
  seen.pop_back();
  EXPECT_THROW(decode(seen, {}), MalformedPacket);
  seen = views_of(parts);
  seen.emplace_back("more");
  EXPECT_THROW(decode(seen, {}), MalformedPacket);
  EXPECT_THROW(decode(std::span<const Payload>{}, {}), MalformedPacket);
}

TEST(LinkWire, RefusesAVersionFromTheFuture) {
  wire::FrameT frame;
  frame.version = kProtocol + 1;
  frame.body.Set(wire::PingT{});
  flatbuffers::FlatBufferBuilder builder;
  wire::FinishFrameBuffer(builder, wire::Frame::Pack(builder, &frame));
  const std::string bytes(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  const std::string_view part = bytes;
  try {
    decode({&part, 1}, {});
    FAIL() << "it was taken";
  } catch (const MalformedPacket& error) {
    EXPECT_STREQ(error.what(), "a header has version 2, expected 1");
  }
}

TEST(LinkWire, SurvivesEveryFlippedBitAndEveryCut) {
  const auto parts = encode(full_call());
  const std::string header{*parts[0]};
  std::size_t refused = 0;
  const auto offer = [&](const std::string& bytes) {
    auto seen = views_of(parts);
    seen[0] = bytes;
    try {
      const Packet found = decode(seen, {});
      encode({found.body, found.payloads});  // what is taken can be used
    } catch (const MalformedPacket&) {
      ++refused;
    }
  };
  for (std::size_t bit = 0; bit < 8 * header.size(); ++bit) {
    std::string damaged = header;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    offer(damaged);
  }
  for (std::size_t size = 0; size < header.size(); ++size) offer(header.substr(0, size));
  EXPECT_GT(refused, header.size());
}

TEST(LinkWire, SurvivesNoise) {
  std::minstd_rand random{7};
  for (int round = 0; round < 2000; ++round) {
    std::string noise(random() % 200, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    if (noise.size() >= 8 && round % 2 == 0) noise.replace(4, 4, "SLML");
    const std::string_view part = noise;
    EXPECT_THROW(decode({&part, 1}, {}), MalformedPacket);
  }
}

}  // namespace
}  // namespace slm::link
