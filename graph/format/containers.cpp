#include "graph/format/reader.h"
#include "graph/format/schema_writer.h"

namespace slm {

using SeePort = std::function<void(const std::string&, Port&)>;

nlohmann::ordered_json mapping_schema(const std::vector<Field>& fields) {
  nlohmann::ordered_json schema{{"type", "object"}};
  auto& properties = schema["properties"] = nlohmann::ordered_json::object();
  auto required = nlohmann::ordered_json::array();
  for (const Field& field : fields) {
    SchemaWriter value;
    field.kind->describe(value, field.range);
    value.json["description"] = field.doc;
    properties[field.key] = std::move(value.json);
    if (field.is_required) required.push_back(field.key);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

namespace {

class StructKind : public Kind {
 public:
  explicit StructKind(std::vector<Field> fields) : fields_{std::move(fields)} {}
  void read(Reader& reader, void* target, Range /*range*/) const override {
    std::vector<BoundField> bound;
    for (const Field& field : fields_) bound.push_back({&field, target});
    read_mapping(reader, bound);
  }
  void describe(SchemaWriter& schema, Range /*range*/) const override {
    schema.json = mapping_schema(fields_);
  }
  void visit_ports(void* value, const std::string& name, const SeePort& see) const override {
    for (const Field& field : fields_)
      field.kind->visit_ports(field.member(value), name.empty() ? field.key : name + '.' + field.key, see);
  }

 private:
  std::vector<Field> fields_;
};

class ListKind : public Kind {
 public:
  ListKind(KindPtr element, std::function<void*(void*)> append)
      : element_{std::move(element)}, append_{std::move(append)} {}
  void read(Reader& reader, void* target, Range range) const override {
    if (!reader.value().IsSequence()) return reader.unexpected("a list");
    std::size_t position = 0;
    for (const YAML::Node& value : reader.value()) {
      Reader element = reader.child(value, "entry " + std::to_string(++position) + " of " + reader.name());
      element_->read(element, append_(target), range);
    }
  }
  void describe(SchemaWriter& schema, Range range) const override {
    SchemaWriter element;
    element_->describe(element, range);
    schema.json = {{"type", "array"}, {"items", std::move(element.json)}};
  }

 private:
  KindPtr element_;
  std::function<void*(void*)> append_;
};

class MapKind : public Kind {
 public:
  using Each = std::function<void(void*, const std::function<void(const std::string&, void*)>&)>;
  MapKind(KindPtr element, std::function<void*(void*, const std::string&)> append, Each each)
      : element_{std::move(element)}, append_{std::move(append)}, each_{std::move(each)} {}
  void read(Reader& reader, void* target, Range range) const override {
    if (!reader.value().IsMap()) return reader.unexpected("a mapping");
    for (auto& [key, entry] : reader.entries()) element_->read(entry, append_(target, key), range);
  }
  void describe(SchemaWriter& schema, Range range) const override {
    SchemaWriter element;
    element_->describe(element, range);
    schema.json = {{"type", "object"}, {"additionalProperties", std::move(element.json)}};
  }
  void visit_ports(void* value, const std::string& name, const SeePort& see) const override {
    each_(value, [&](const std::string& key, void* element) {
      element_->visit_ports(element, name + '.' + key, see);
    });
  }

 private:
  KindPtr element_;
  std::function<void*(void*, const std::string&)> append_;
  Each each_;
};

/// `std::optional`: read only where the key stands, so that absence stays visible.
class OptionalKind : public Kind {
 public:
  OptionalKind(KindPtr inner, std::function<void*(void*)> emplace, std::function<void*(void*)> get)
      : inner_{std::move(inner)}, emplace_{std::move(emplace)}, get_{std::move(get)} {}
  void read(Reader& reader, void* target, Range range) const override {
    inner_->read(reader, emplace_(target), range);
  }
  void describe(SchemaWriter& schema, Range range) const override { inner_->describe(schema, range); }
  void visit_ports(void* value, const std::string& name, const SeePort& see) const override {
    if (void* inner = get_(value)) inner_->visit_ports(inner, name, see);
  }

 private:
  KindPtr inner_;
  std::function<void*(void*)> emplace_;
  std::function<void*(void*)> get_;
};

}  // namespace

KindPtr struct_kind(std::vector<Field> fields) {
  return std::make_shared<StructKind>(std::move(fields));
}

KindPtr list_kind(KindPtr element, std::function<void*(void*)> append) {
  return std::make_shared<ListKind>(std::move(element), std::move(append));
}

KindPtr map_kind(KindPtr element, std::function<void*(void*, const std::string&)> append,
                 std::function<void(void*, const std::function<void(const std::string&, void*)>&)> each) {
  return std::make_shared<MapKind>(std::move(element), std::move(append), std::move(each));
}

KindPtr wrapped_kind(KindPtr inner, std::function<void*(void*)> emplace, std::function<void*(void*)> get) {
  return std::make_shared<OptionalKind>(std::move(inner), std::move(emplace), std::move(get));
}

}  // namespace slm
