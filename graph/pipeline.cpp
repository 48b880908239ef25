#include "graph/pipeline.h"

#include <yaml-cpp/depthguard.h>

#include "graph/format/checks.h"
#include "graph/format/document_fields.h"
#include "graph/format/nearest.h"
#include "graph/format/reader.h"
#include "graph/format/source_text.h"

namespace slm {
namespace {

std::vector<std::string> keys_of(const YAML::Node& mapping) {
  std::vector<std::string> keys;
  if (!mapping.IsDefined() || !mapping.IsMap()) return keys;
  for (const auto& entry : mapping) {
    if (entry.first.IsScalar()) keys.push_back(entry.first.Scalar());
  }
  return keys;
}

YAML::Node parsed(const std::string& yaml, const std::filesystem::path& file) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() == 1) return documents.front();
    throw PipelineError{
        {{file,
          {},
          "it holds " + std::to_string(documents.size()) + " YAML documents; expected one pipeline"}}};
  } catch (const YAML::Exception& error) {
    const Place place = error.mark.is_null() ? Place{} : Place{error.mark.line + 1, error.mark.column + 1};
    // Its own text for this is "bad file".
    const bool is_too_deep = dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr;
    throw PipelineError{
        {{file, place, is_too_deep ? "it nests too deeply to be read" : "not YAML: " + error.msg}}};
  }
}

std::vector<PortSpec> ports_of(NodeEntry& entry, const Document& document) {
  std::vector<PortSpec> ports;
  struct_kind(entry.type->fields)
      ->visit_ports(entry.options.get(), "", [&](const std::string& key, Port& port) {
        port.index = ports.size();
        const std::size_t suffix = key.ends_with(".to") ? 3 : 0;
        PortSpec& spec =
            ports.emplace_back(PortSpec{key.substr(0, key.size() - suffix), {}, port.when_open, {}});
        for (const std::string& target : port.to)
          spec.targets.push_back(document.node_names.position(target).value());
      });
  return ports;
}

std::vector<std::string> names_of(const std::vector<ModelRef>& models) {
  std::vector<std::string> names;
  names.reserve(models.size());
  for (const ModelRef& model : models) names.push_back(model.name);
  return names;
}

std::string process_of(const NodeEntry& entry, Document& document) {
  const std::vector<std::string>& processes = document.process_names.list();
  if (!entry.on || entry.on->text.empty()) return processes.empty() ? "" : processes.front();
  if (!document.process_names.position(entry.on->text))
    document.problems.push_back({document.file, entry.on->place,
                                 "`on` is `" + entry.on->text + "`; expected " +
                                     one_of("a name under `processes`", processes) +
                                     did_you_mean(entry.on->text, processes)});
  return entry.on->text;
}

void take_entry(const PlacedText& entry, PipelineSpec& spec, Document& document) {
  const std::vector<std::string>& names = document.node_names.list();
  spec.entry = document.node_names.position(entry.text).value_or(names.size());
  if (spec.entry < names.size()) return;
  document.problems.push_back({document.file, entry.place,
                               "`entry` is `" + entry.text + "`; expected " + one_of("a node", names) +
                                   did_you_mean(entry.text, names)});
}

/// Moves what was read into the spec. False where so much is broken that no further check makes sense.
bool assemble(DocumentFields& fields, PipelineSpec& spec, Document& document) {
  bool is_whole = !fields.nodes.empty();
  spec.name = std::move(fields.pipeline);
  spec.timeout = fields.timeout;
  spec.privacy = fields.privacy;
  for (auto& [name, process] : fields.processes) {
    process.spec.name = name;
    spec.processes.push_back(process.spec);
  }
  for (auto& [name, model] : fields.models) {
    is_whole = is_whole && model.type;
    spec.models.push_back({name, model.place, model.type, model.options, model.rates, model.embedders});
  }
  for (auto& [name, node] : fields.nodes) {
    is_whole = is_whole && node.type;
    NodeSpec& added = spec.nodes.emplace_back(NodeSpec{name,
                                                       node.place,
                                                       node.type,
                                                       node.options,
                                                       {},
                                                       names_of(node.models_used),
                                                       process_of(node, document),
                                                       node.on_unreachable});
    if (node.type) added.ports = ports_of(node, document);
  }
  if (!fields.entry.text.empty()) take_entry(fields.entry, spec, document);
  return is_whole && spec.nodes.size() == document.node_names.list().size() &&
         spec.entry < spec.nodes.size() && !fields.entry.text.empty();
}

bool are_processes_known(const PipelineSpec& spec, const DocumentFields& fields) {
  return std::ranges::all_of(fields.processes, [](const auto& entry) { return entry.second.is_well_read; }) &&
         std::ranges::all_of(spec.nodes, [&](const NodeSpec& node) {
           return spec.processes.empty() || spec.process(node.process) != nullptr;
         });
}

void check(PipelineSpec& spec, DocumentFields& fields, Document& document) {
  const std::size_t problems_before = document.problems.size();
  check_flow(spec, document);
  const bool is_sound = document.problems.size() == problems_before && !document.has_dangling_edge;
  if (is_sound) pair_forks_and_joins(spec, document);
  std::vector<NodeEntry> entries;
  for (auto& [name, entry] : fields.nodes) entries.push_back(entry);
  check_nodes(spec, entries, document);
  if (!is_sound || !are_processes_known(spec, fields)) return;
  check_placement(spec, document);
  check_calls(spec, document);
}

}  // namespace

const ModelSpec* PipelineSpec::model(std::string_view model_name) const {
  const auto found =
      std::find_if(models.begin(), models.end(), [&](auto& m) { return m.name == model_name; });
  return found == models.end() ? nullptr : &*found;
}

bool PipelineSpec::asks(std::string_view model_name) const {
  return std::ranges::any_of(
      nodes, [&](const NodeSpec& node) { return std::ranges::count(node.models, model_name) > 0; });
}

const NodeSpec* PipelineSpec::node(std::string_view node_name) const {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](auto& n) { return n.name == node_name; });
  return found == nodes.end() ? nullptr : &*found;
}

ProcessSpec ProcessSpec::dispatcher() const {
  ProcessSpec spec = *this;
  spec.listen = workers->listen;
  spec.connect = workers->connect;
  spec.authorized_clients = workers->authorized_clients;
  return spec;
}

ProcessSpec ProcessSpec::worker() const {
  ProcessSpec spec;
  spec.name = name;
  spec.place = place;
  spec.secret_key = workers->secret_key;
  return spec;
}

const ProcessSpec* PipelineSpec::process(std::string_view process_name) const {
  const auto found =
      std::find_if(processes.begin(), processes.end(), [&](auto& p) { return p.name == process_name; });
  return found == processes.end() ? nullptr : &*found;
}

Pipeline Pipeline::load(const std::filesystem::path& file) {
  return parse(source_text(file), file);
}

Pipeline Pipeline::parse(const std::string& yaml, const std::filesystem::path& file) {
  check_characters(yaml, file);
  const YAML::Node root = parsed(yaml, file);
  Document document{.file = file};
  if (root.IsMap()) {
    document.node_names = Names{keys_of(root["nodes"])};
    document.model_names = Names{keys_of(root["models"])};
    document.process_names = Names{keys_of(root["processes"])};
  }
  DocumentFields fields;
  Reader reader{document, root, "", {1, 1}};
  struct_kind(DocumentFields::fields().list())->read(reader, &fields, {});

  auto spec = std::make_shared<PipelineSpec>();
  spec->file = file;
  const bool is_whole = assemble(fields, *spec, document);
  spec->files = std::move(document.files);
  check_processes(*spec, fields.processes, document);
  if (is_whole) check(*spec, fields, document);
  if (!document.problems.empty()) throw PipelineError{std::move(document.problems)};
  return Pipeline{std::move(spec)};
}

}  // namespace slm
