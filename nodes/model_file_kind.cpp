#include "nodes/model_file_kind.h"

#include "graph/format/reader.h"
#include "models/model.h"

namespace slm {
namespace {

class ModelFileKind : public Kind {
 public:
  using Check = void (*)(const std::filesystem::path&);
  explicit ModelFileKind(Check check) : check_{check} {}
  void read(Reader& reader, void* target, Range range) const override {
    const std::size_t problems_before = reader.document().problems.size();
    file_->read(reader, target, range);
    if (reader.document().problems.size() > problems_before) return;
    try {
      check_(static_cast<const FilePath*>(target)->path.lexically_normal());
    } catch (const ModelError& error) {
      reader.problem(reader.name() + ": " + error.what());
    }
  }
  void describe(SchemaWriter& schema, Range range) const override { file_->describe(schema, range); }

 private:
  const KindPtr file_ = kind_of<FilePath>();
  Check check_;
};

}  // namespace

std::vector<Field> with_model_file(std::vector<Field> fields, void (*check)(const std::filesystem::path&)) {
  fields.front().kind = std::make_shared<ModelFileKind>(check);
  return fields;
}

}  // namespace slm
