#include "nodes/link/custody.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <fstream>
#include <utility>

#include "graph/placement.h"

namespace slm::link {
namespace {

/// The instance that belongs to a spool, drawn at random when it is first asked for.
Instance instance_of(const std::filesystem::path& file) {
  Instance instance;
  if (std::ifstream{file} >> std::hex >> instance.high >> instance.low) return instance;
  instance = Instance::draw();
  const auto temporary = file.string() + ".new";
  {
    std::ofstream written{temporary};
    written << std::hex << instance.high << ' ' << instance.low << '\n';
    if (!written.flush()) throw SpoolError(file.string() + ": cannot be written");
  }
  std::filesystem::rename(temporary, file);
  return instance;
}

std::vector<std::unique_ptr<wire::FieldT>> kept_fields(const std::vector<KeptValue>& values) {
  std::vector<std::unique_ptr<wire::FieldT>> fields;
  for (const auto& [placeholder, value] : values) {
    fields.push_back(std::make_unique<wire::FieldT>());
    fields.back()->name = placeholder;
    fields.back()->value = value;
  }
  return fields;
}

std::shared_ptr<const std::vector<KeptValue>> kept_values(const wire::CallT& call) {
  if (call.kept.empty()) return nullptr;
  std::vector<KeptValue> values;
  for (const auto& field : call.kept) values.push_back({field->name, field->value});
  return std::make_shared<const std::vector<KeptValue>>(std::move(values));
}

std::string header_of(const OutgoingCall& call) {
  wire::CallsT calls;
  calls.calls.push_back(std::make_unique<wire::CallT>(call.call.header));
  if (call.kept_values) calls.calls.back()->kept = kept_fields(*call.kept_values);
  return std::string{*encode(packet(std::move(calls), {call.call.text, call.call.answer})).front()};
}

constexpr std::size_t kLength = sizeof(std::uint64_t);

/// Both texts, the first one's length before them.
std::string payload_of(const OutgoingCall& call) {
  const std::uint64_t length = call.call.text->size();
  std::string payload(kLength, '\0');
  for (std::size_t i = 0; i < kLength; ++i) payload[i] = static_cast<char>(length >> (8 * i));
  return payload.append(*call.call.text).append(*call.call.answer);
}

Packet packet_of(const SpoolEntry& entry) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLength && i < entry.payload.size(); ++i)
    length |= std::uint64_t{static_cast<unsigned char>(entry.payload[i])} << (8 * i);
  const std::string_view texts =
      std::string_view{entry.payload}.substr(std::min(kLength, entry.payload.size()));
  if (length > texts.size()) throw MalformedPacket("its payload is cut short");
  const std::vector<std::string_view> parts{entry.header, texts.substr(0, length), texts.substr(length)};
  return decode(parts, {.max_payload = SIZE_MAX, .max_packet = SIZE_MAX, .max_header = SIZE_MAX});
}

}  // namespace

/// Removes a call from the spool when the last outcome that has it is gone.
class Custody::Kept : public Receipt {
 public:
  Kept(std::shared_ptr<Custody> custody, SpoolId id, std::optional<Earlier> earlier)
      : custody_{std::move(custody)}, id_{id}, earlier_{earlier}, is_left_{earlier.has_value()} {}
  ~Kept() override {
    if (!is_kept_) custody_->spool_->remove(id_);
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  void keep() override { is_kept_ = true; }
  const Custody* custody() const { return custody_.get(); }
  const SpoolId& id() const { return id_; }
  /// What is known of it where an earlier run left it; the first time only.
  std::optional<Earlier> take_earlier() { return is_left_.exchange(false) ? earlier_ : std::nullopt; }

 private:
  const std::shared_ptr<Custody> custody_;
  const SpoolId id_;
  const std::optional<Earlier> earlier_;
  std::atomic<bool> is_left_;
  std::atomic<bool> is_kept_{false};
};

std::shared_ptr<Custody> Custody::open(const std::filesystem::path& file, const Pipeline& pipeline,
                                       const std::string& destination, SpoolOptions options) {
  const auto folder = file.parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) throw SpoolError(folder.string() + ": cannot be made: " + error.message());
  auto custody = std::shared_ptr<Custody>{new Custody{pipeline, file, destination}};
  options.file = file;
  options.pipeline = pipeline.spec().name;
  options.pipeline_hash = placement_hash(pipeline.spec());
  options.when_full = SpoolOptions::Full::fail;
  custody->spool_ = std::make_unique<Spool>(std::move(options));
  custody->left_ = custody->spool_->stats().entries;
  return custody;
}

Instance Custody::instance() const {
  return instance_of(std::filesystem::path{file_}.replace_extension(".instance"));
}

/// The receipt that is of this custody; null where none is.
Custody::Kept* Custody::own_receipt(const std::vector<std::shared_ptr<Receipt>>& receipts) const {
  for (const auto& receipt : receipts) {
    auto* kept = dynamic_cast<Kept*>(receipt.get());
    if (kept != nullptr && kept->custody() == this) return kept;
  }
  return nullptr;
}

std::optional<CallKey> Custody::key_of(const OutgoingCall& call) const {
  Kept* kept = own_receipt(call.receipts);
  if (kept == nullptr || !kept->take_earlier()) return std::nullopt;
  return CallKey{kept->id().epoch, kept->id().sequence};
}

void Custody::keep(OutgoingCall call,
                   std::function<void(OutgoingCall, std::optional<std::string> problem)> kept) {
  const SpoolId id = spool_->take_id();
  call.key = {id.epoch, id.sequence};
  SpoolEntry entry{
      .id = id, .destination = destination_, .header = header_of(call), .payload = payload_of(call)};
  std::optional<SpoolId> replaced;  // by a message that has been here before
  if (const Kept* earlier = own_receipt(call.receipts)) replaced = earlier->id();
  // Shared only because std::function wants to be copied.
  auto shared = std::make_shared<OutgoingCall>(std::move(call));
  spool_->append(
      std::move(entry),
      // Not the custody's owner: the last one must not let go of it on the spool's own thread, which lives in
      // it.
      [this, shared, id, kept = std::move(kept)](std::optional<std::string> problem) {
        auto self = weak_from_this().lock();
        if (!self && !problem) problem = "the process ends";
        if (!problem) shared->receipts = {std::make_shared<Kept>(std::move(self), id, std::nullopt)};
        self.reset();
        kept(std::move(*shared), std::move(problem));
      },
      replaced);
}

void Custody::keep(Message& message, std::size_t node,
                   std::function<void(std::optional<std::string> problem)> kept) {
  OutgoingCall call;
  call.call = call_of(message, node, {});
  message.request.text = *call.call.text;
  add_unsent(call.call.header, message, pipeline_.spec());
  call.kept_values = message.kept_values;
  call.receipts = message.receipts;
  keep(std::move(call),
       [&message, kept = std::move(kept)](OutgoingCall stored, std::optional<std::string> problem) {
         message.receipts = std::move(stored.receipts);
         kept(std::move(problem));
       });
}

std::optional<Custody::Earlier> Custody::take_earlier(const Message& message) const {
  Kept* kept = own_receipt(message.receipts);
  return kept == nullptr ? std::nullopt : kept->take_earlier();
}

void Custody::gone_on(const Message& message) {
  if (const Kept* kept = own_receipt(message.receipts)) spool_->attempted(kept->id());
}

std::vector<LeftMessage> Custody::read_left() {
  std::vector<LeftMessage> found;
  while (found.empty()) {
    SpoolPage page = spool_->read(read_to_);
    if (page.entries.empty() || page.entries.front().id.epoch >= spool_->epoch()) break;
    for (const SpoolEntry& entry : page.entries) {
      if (entry.id.epoch >= spool_->epoch()) break;
      read_to_ = entry.id;
      if (auto left = left_of(entry)) found.push_back(std::move(*left));
    }
  }
  return found;
}

std::optional<LeftMessage> Custody::left_of(const SpoolEntry& entry) {
  try {
    const Packet packet = packet_of(entry);
    const wire::CallT& call = *packet.body.AsCalls()->calls.at(0);
    const PipelineSpec& spec = pipeline_.spec();
    const NodeTable nodes{spec, node_names(spec)};
    LeftMessage left{message_of(call, packet.payloads[0], packet.payloads[1]), nodes.ours(call.node)};
    left.message.caller.reset();
    take_unsent(left.message, call, spec, nodes);
    left.message.kept_values = kept_values(call);
    if (left.message.deadline != Clock::time_point::max())
      left.message.deadline -= std::max(std::chrono::system_clock::now() - entry.stored,
                                        std::chrono::system_clock::duration::zero());
    left.message.receipts.push_back(
        std::make_shared<Kept>(shared_from_this(), entry.id, Earlier{entry.stored, entry.attempts > 0}));
    return left;
  } catch (const MalformedPacket&) {
    return std::nullopt;  // of another version; it stays in the spool, for who can read it
  }
}

}  // namespace slm::link
