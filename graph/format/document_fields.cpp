#include "graph/format/document_fields.h"

#include <algorithm>
#include <span>

#include "graph/format/nearest.h"
#include "graph/format/reader.h"
#include "graph/format/schema_writer.h"

namespace slm {
namespace {

template <class Type>
std::vector<std::string> names_of(const std::map<std::string, Type, std::less<>>& types) {
  std::vector<std::string> names;
  names.reserve(types.size());
  for (const auto& [name, type] : types) names.push_back(name);
  return names;
}

template <class Type>
bool is_key_of(const std::map<std::string, Type, std::less<>>& types, const std::string& key) {
  return std::ranges::any_of(types, [&](const auto& named) {
    return std::ranges::count(named.second.fields, key, &Field::key) > 0;
  });
}

/// The value that says which keys the rest of a mapping may have.
struct Discriminator {
  std::string key;                  ///< as the file has it, which may be misspelt
  std::optional<std::string> name;  ///< one of the registered, or the one that was probably meant
};

/// The key that was probably meant to be `key`, and its place.
template <class Type>
std::optional<std::pair<std::string, Place>> misspelt(Reader& reader, const std::string& key,
                                                      const std::map<std::string, Type, std::less<>>& types) {
  for (const auto& entry : reader.value()) {
    if (!entry.first.IsScalar()) continue;
    const std::string& found = entry.first.Scalar();
    if (nearest(found, {&key, 1}) && !is_key_of(types, found))
      return std::pair{found, reader.child(entry.first, "").place()};
  }
  return std::nullopt;
}

/// The value under `key`; reports what is not the name of a registered type.
template <class Type>
std::optional<Discriminator> discriminator(Reader& reader, const std::string& key,
                                           const std::map<std::string, Type, std::less<>>& types) {
  if (!reader.value().IsMap()) {
    reader.unexpected("a mapping with `" + key + "`");
    return std::nullopt;
  }
  const std::vector<std::string> names = names_of(types);
  Discriminator result{key, {}};
  if (!reader.value()[key].IsDefined()) {
    const auto slip = misspelt(reader, key, types);
    if (!slip) {
      reader.problem(reader.name() + " lacks `" + key + "`; expected one of " + listed(names));
      return result;
    }
    result.key = slip->first;
    reader.problem_at(slip->second,
                      reader.name() + " lacks `" + key + "`; did you mean it by `" + slip->first + "`?");
  }
  Reader value = reader.child(reader.value()[result.key], '`' + result.key + "` of " + reader.name());
  result.name = value.name_near(names, "one of");
  return result;
}

/// The discriminator among the fields of a mapping: read before, so only described here.
Field discriminator_field(const std::string& key, const std::string& doc) {
  return {key, doc, true, {}, kind_of<std::string>(), {}};
}

/// Reads the rest of a mapping into `common` and `own`.
void read_variant(Reader& reader, const Discriminator& found, Field key, std::span<const BoundField> common,
                  const std::vector<Field>& own, void* options) {
  key.is_required = false;  // where it is missing, that has been reported
  std::vector<BoundField> bound{{&key, nullptr}};
  bound.insert(bound.end(), common.begin(), common.end());
  for (const Field& field : own) bound.push_back({&field, options});
  read_mapping(reader, bound, found.key);
}

nlohmann::ordered_json variant_schema(const std::string& key, const std::string& name, const std::string& doc,
                                      const std::vector<Field>& common, const std::vector<Field>& own) {
  std::vector<Field> all{discriminator_field(key, doc)};
  all.insert(all.end(), common.begin(), common.end());
  all.insert(all.end(), own.begin(), own.end());
  nlohmann::ordered_json schema = mapping_schema(all);
  schema["title"] = name;
  schema["properties"][key] = {{"const", name}, {"description", doc}};
  return schema;
}

const std::vector<Field>& process_fields() {
  static const std::vector<Field> fields =
      Fields<ProcessSpec>{}
          .optional("listen", &ProcessSpec::listen,
                    "address that it binds, such as tcp://*:5555 or ipc:///run/slm-graph.sock")
          .optional("connect", &ProcessSpec::connect, "address where others find it; `listen` if left out")
          .optional("secret_key", &ProcessSpec::secret_key, "file with its CURVE secret key")
          .optional("public_key", &ProcessSpec::public_key,
                    "file with its CURVE public key, for those who connect")
          .optional("authorized_clients", &ProcessSpec::authorized_clients,
                    "folder with the public keys let in")
          .optional("insecure", &ProcessSpec::insecure, "allow plain text beyond loopback")
          .optional(
              "durable", &ProcessSpec::is_durable,
              "keep messages to other processes on disk until their outcomes are safe; true if left out")
          .optional("spool", &ProcessSpec::spool, "folder where they are kept")
          .optional("window", &ProcessSpec::window,
                    "messages that each process which calls it may have there at once; 64 if left out",
                    {1, 65'536})
          .optional("batch_window", &ProcessSpec::batch_window,
                    "messages of batch work that each may have there besides; 1024 if left out", {1, 65'536})
          .optional("rate", &ProcessSpec::rate, "messages a second that it takes from each; any if left out",
                    {0})
          .optional("heartbeat", &ProcessSpec::heartbeat,
                    "how often both sides of a link let the other hear something; 1s if left out")
          .optional("compress_above", &ProcessSpec::compress_above,
                    "texts of more bytes are sent compressed; none if left out", {0})
          .optional("allow_other_pipelines", &ProcessSpec::allow_other_pipelines,
                    "take messages of a file with other nodes or edges")
          .optional("breaker", &ProcessSpec::breaker,
                    "when messages are kept from it since it goes on failing them")
          .optional("workers", &ProcessSpec::workers, "processes that share its work and connect to it")
          .list();
  return fields;
}

class ProcessEntryKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    auto& entry = *static_cast<ProcessEntry*>(target);
    reader.call("process");
    entry.spec.place = reader.place();
    const std::size_t problems_before = reader.document().problems.size();
    std::vector<BoundField> bound;
    for (const Field& field : process_fields()) bound.push_back({&field, &entry.spec});
    read_mapping(reader, bound);
    entry.is_well_read = reader.document().problems.size() == problems_before;
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json = mapping_schema(process_fields());
  }
};

/// A field of `ModelEntry::rates`.
template <class T>
Field rate(const char* key, T ModelRates::*member, const char* doc) {
  return {key,
          doc,
          false,
          {0},
          kind_of<T>(),
          [member](void* entry) -> void* {
            return &(static_cast<ModelEntry*>(entry)->rates.*member); }};
}

const std::vector<Field>& common_model_fields() {
  static const std::vector<Field> fields{
      rate("price", &ModelRates::price, "what its work costs, in any currency; nothing if left out"),
      rate("watts", &ModelRates::watts, "power that it draws while a message is at its node")};
  return fields;
}

class ModelEntryKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    auto& entry = *static_cast<ModelEntry*>(target);
    reader.call("model");
    entry.place = reader.place();
    const Registry& registry = Registry::instance();
    const auto backend = discriminator(reader, "backend", registry.models());
    if (!backend || !backend->name) return;
    entry.type = registry.model(*backend->name);
    entry.options = entry.type->make_options();
    if (entry.type->take_name) entry.type->take_name(entry.options.get(), reader.called());
    const std::size_t problems_before = reader.document().problems.size();
    reader.document().models_used.clear();
    std::vector<BoundField> common;
    for (const Field& field : common_model_fields()) common.push_back({&field, &entry});
    read_variant(reader, *backend, discriminator_field("backend", "what runs it"), common, entry.type->fields,
                 entry.options.get());
    entry.embedders = std::move(reader.document().models_used);
    // What was misread has been reported; checking the defaults in its place would only confuse.
    if (!entry.type->check || reader.document().problems.size() != problems_before) return;
    for (const std::string& problem : entry.type->check(entry.options.get()))
      reader.problem(reader.name() + ": " + problem);
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    for (const auto& [name, type] : Registry::instance().models())
      schema.json["oneOf"].push_back(
          variant_schema("backend", name, type.doc, common_model_fields(), type.fields));
  }
};

const std::vector<Field>& common_node_fields() {
  static const std::vector<Field> fields =
      Fields<NodeEntry>{}
          .optional("on", &NodeEntry::on, "process that it lives in; the first one if left out")
          .optional("on_unreachable", &NodeEntry::on_unreachable,
                    "what becomes of a message when that process is out of reach")
          .list();
  return fields;
}

/// What can be checked of a node whose type is not known: what every node has, and its edges.
void read_without_type(Reader& reader, std::span<const BoundField> common) {
  for (auto& [key, entry] : reader.entries()) {
    const auto field = std::ranges::find(common, key, [](const BoundField& one) { return one.field->key; });
    if (field != common.end()) {
      field->field->kind->read(entry, field->field->member(field->object), field->field->range);
    } else if (key == "to") {
      Port port;
      kind_of<Port>()->read(entry, &port, {});
    } else if (entry.value().IsMap()) {
      read_without_type(entry, {});
    }
  }
}

class NodeEntryKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range /*range*/) const override {
    auto& entry = *static_cast<NodeEntry*>(target);
    reader.call("node");
    entry.place = reader.place();
    const std::size_t problems_before = reader.document().problems.size();
    const Registry& registry = Registry::instance();
    const auto type = discriminator(reader, "type", registry.nodes());
    if (!type) return;
    Document& document = reader.document();
    document.models_used.clear();
    document.nodes_meant.clear();
    std::vector<BoundField> common;
    for (const Field& field : common_node_fields()) common.push_back({&field, &entry});
    if (!type->name) return read_without_type(reader, common);
    entry.type = registry.node(*type->name);
    entry.options = entry.type->make_options();
    read_variant(reader, *type, discriminator_field("type", "kind of node"), common, entry.type->fields,
                 entry.options.get());
    entry.models_used = std::move(document.models_used);
    entry.nodes_meant = std::move(document.nodes_meant);
    entry.is_well_read = document.problems.size() == problems_before;
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    for (const auto& [name, type] : Registry::instance().nodes())
      schema.json["oneOf"].push_back(
          variant_schema("type", name, type.doc, common_node_fields(), type.fields));
  }
};

/// `spool`, `fail`, `abstain`, or `{ answer_from: NODE }`.
class OnUnreachableKind : public Kind {
 public:
  void read(Reader& reader, void* target, Range range) const override {
    auto& value = *static_cast<OnUnreachable*>(target);
    if (!reader.value().IsMap()) return kind_of<Unreachable>()->read(reader, &value.action, range);
    const std::vector<Field> fields = mapping();
    const BoundField bound{&fields.front(), &value};
    read_mapping(reader, {&bound, 1});
  }
  void describe(SchemaWriter& schema, Range range) const override {
    SchemaWriter action;
    kind_of<Unreachable>()->describe(action, range);
    schema.json["oneOf"] = {std::move(action.json), mapping_schema(mapping())};
  }

 private:
  static std::vector<Field> mapping() {
    return Fields<OnUnreachable>{}
        .required("answer_from", &OnUnreachable::answer_from, "node whose answer is given instead")
        .list();
  }
};

}  // namespace

template <>
KindPtr kind_of<ProcessEntry>() {
  return std::make_shared<ProcessEntryKind>();
}
template <>
KindPtr kind_of<ModelEntry>() {
  return std::make_shared<ModelEntryKind>();
}
template <>
KindPtr kind_of<NodeEntry>() {
  return std::make_shared<NodeEntryKind>();
}
template <>
KindPtr kind_of<OnUnreachable>() {
  return std::make_shared<OnUnreachableKind>();
}

Fields<Price> Price::fields() {
  return Fields<Price>{}
      .optional("call", &Price::call, "of each answer", {0})
      .optional("input", &Price::input, "of a million prompt tokens", {0})
      .optional("output", &Price::output, "of a million generated tokens", {0})
      .optional("hour", &Price::hour, "of an hour of messages at its nodes", {0});
}

Fields<BreakerSpec> BreakerSpec::fields() {
  return Fields<BreakerSpec>{}
      .optional("failures", &BreakerSpec::failures,
                "messages in a row that end failed or late there; 10 if left out, 0 for never",
                {0, 1'000'000})
      .optional("retry_after", &BreakerSpec::retry_after,
                "time until one message may try; doubles up to a minute; 5s if left out");
}

Fields<WorkersSpec> WorkersSpec::fields() {
  return Fields<WorkersSpec>{}
      .required("listen", &WorkersSpec::listen, "address that the process binds for its workers")
      .optional("connect", &WorkersSpec::connect, "address where workers find it; `listen` if left out")
      .optional("secret_key", &WorkersSpec::secret_key, "file with the CURVE secret key of a worker")
      .optional("authorized_clients", &WorkersSpec::authorized_clients,
                "folder with the public keys of workers let in")
      .optional("window", &WorkersSpec::window, "messages that each worker has at once; 16 if left out",
                {1, 65'536})
      .optional("attempts", &WorkersSpec::attempts,
                "workers that may die while they have a message before it fails; 5 if left out", {1, 100})
      .optional("hedge_after", &WorkersSpec::hedge_after,
                "a message that takes longer than this share of all is given to a second worker, and the "
                "first answer counts; left out, none is",
                {0.5, 1});
}

Fields<DocumentFields> DocumentFields::fields() {
  return Fields<DocumentFields>{}
      .required("pipeline", &DocumentFields::pipeline, "name of the pipeline")
      .required("version", &DocumentFields::version, "version of this format", {1, 1})
      .required("entry", &DocumentFields::entry, "node where every message begins")
      .optional("timeout", &DocumentFields::timeout, "time that a message may take unless it brings its own")
      .optional("privacy", &DocumentFields::privacy,
                "`local`: no message leaves the process it was submitted to; `open`: those may that do not "
                "say `local` themselves")
      .optional("processes", &DocumentFields::processes, "processes by name; left out, all runs in one")
      .optional("models", &DocumentFields::models, "models by name, shared by the nodes that use them")
      .required("nodes", &DocumentFields::nodes, "the steps by name, as data flows");
}

std::string pipeline_json_schema() {
  SchemaWriter document;
  document.json = mapping_schema(DocumentFields::fields().list());
  nlohmann::ordered_json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                                {"title", "slm-graph pipeline"}};
  schema.update(document.json);
  return schema.dump(2) + '\n';
}

}  // namespace slm
