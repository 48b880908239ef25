#pragma once

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "evidence/signals.h"
#include "graph/fields.h"
#include "graph/node.h"
#include "graph/rates.h"

namespace slm {

struct PipelineSpec;
struct NodeSpec;
struct ModelSpec;

/// Something under `models` that nodes share. What it can do, only the nodes that use it know.
class Resource {
 public:
  virtual ~Resource() = default;
};

/// What a node is built with.
class NodeContext {
 public:
  virtual ~NodeContext() = default;
  virtual const std::string& node_name() const = 0;
  /// The opened model of that name; the loader has checked that there is one.
  virtual std::shared_ptr<Resource> model(const std::string& name) const = 0;
  /// What the pipeline says that this model costs.
  virtual ModelRates rates(const std::string& /*model*/) const { return {}; }
  /// Tells the operator what is no message's matter, a line each; any thread, also when this context is gone.
  virtual std::function<void(const std::string&)> log() const {
    return [](const std::string&) {};
  }
  /// What the node is part of, for the time of this call; null outside of a pipeline.
  virtual const PipelineSpec* pipeline() const { return nullptr; }
  /// Whether the node should keep nothing of what it sees.
  virtual bool is_trial() const { return false; }
  /// As `EngineOptions::stores`; null: it keeps messages in memory alone.
  virtual std::shared_ptr<Resource> store() const { return nullptr; }
  /// As in `EngineOptions`.
  virtual std::stop_token input_ended() const { return {}; }
  virtual std::stop_token leaving() const { return {}; }
};

/// What a check of one node may look at, and where it reports. Nothing is loaded or running then.
class CheckContext {
 public:
  virtual ~CheckContext() = default;
  virtual const PipelineSpec& pipeline() const = 0;
  virtual const NodeSpec& node() const = 0;
  virtual void problem(Place place, std::string message) = 0;
};

/// A kind of node, as a pipeline author names it with `type`.
struct NodeType {
  std::string name;
  std::string doc;
  std::vector<Field> fields;
  std::function<std::shared_ptr<void>()> make_options;
  std::function<AnyNode(std::shared_ptr<void> options, const NodeContext&)> make_node;
  /// Finds what only this type knows to be wrong; may be empty.
  std::function<void(const void* options, CheckContext&)> check;
  /// Signals for which the node leaves evidence; empty function: it passes on what it was given.
  std::function<std::vector<SignalKind>(const void* options, const PipelineSpec&)> gives;
  /// What it asks of its model beside the message, as one text that changes where that does: a calibration of
  /// the evidence is bound to it. Empty function: nothing.
  std::function<std::string(const void* options)> asks;
  bool is_join = false;
};

/// What the entry of `models` with that name gives as `ModelType::open_embedder`; opened once. Throws as
/// that.
using EmbedderSource = std::function<std::shared_ptr<Resource>(const std::string& model)>;

/// What a model is told of the process that it is opened in.
struct ModelSurroundings {
  std::function<void(const std::string&)> log;  ///< as `NodeContext::log`
  std::stop_token leaving;                      ///< as in `EngineOptions`
  EmbedderSource embedders;
  bool is_trial = false;  ///< as `NodeContext::is_trial`
};

/// A backend, as a pipeline author names it with `backend`.
struct ModelType {
  std::string name;
  std::string doc;
  std::vector<Field> fields;
  std::function<std::shared_ptr<void>()> make_options;
  /// Tells the options what the entry is called, before they are read; may be empty.
  std::function<void(void* options, const std::string& name)> take_name;
  /// Throws what its message tells the author.
  std::function<std::shared_ptr<Resource>(const void* options, const ModelSurroundings&)> open;
  /// Opens it to embed texts, for others that compare them; empty: it cannot. Throws as `open`.
  std::function<std::shared_ptr<Resource>(const void* options)> open_embedder;
  /// Puts what keeps its answers around what was opened, where the entry says so; may be empty. Not called
  /// where messages are only tried out. Throws as `open` does.
  std::function<std::shared_ptr<Resource>(const ModelSpec&, std::shared_ptr<Resource> opened,
                                          const ModelSurroundings&)>
      keep;
  /// Says what only this backend knows to be wrong; may be empty. Nothing is opened then.
  std::function<std::vector<std::string>(const void* options)> check;
  /// The node types that can use it.
  std::vector<std::string> serves;
  bool is_remote = false;  ///< requests leave the process, which private messages may not
};

/// The node types and backends that pipelines may name. Filled before the first pipeline is loaded, by one
/// thread.
class Registry {
 public:
  static Registry& instance();

  void add(NodeType type);   ///< throws std::logic_error where the name is taken
  void add(ModelType type);  ///< likewise

  const NodeType* node(std::string_view name) const;
  const ModelType* model(std::string_view name) const;
  const std::map<std::string, NodeType, std::less<>>& nodes() const { return nodes_; }
  const std::map<std::string, ModelType, std::less<>>& models() const { return models_; }

 private:
  std::map<std::string, NodeType, std::less<>> nodes_;
  std::map<std::string, ModelType, std::less<>> models_;
};

/// Describes node class `T`: `T::Options` with `static Fields<Options> Options::fields()`, and a constructor
/// `T(Options, const NodeContext&)`. Where they exist, `static void T::check(const Options&, CheckContext&)`
/// and `static std::vector<SignalKind> T::gives(const Options&)`, which may take a `const PipelineSpec&` too,
/// are used, and so is `static std::string T::asks(const Options&)`.
template <class T>
NodeType node_type(std::string name, std::string doc) {
  using Options = typename T::Options;
  NodeType type;
  type.name = std::move(name);
  type.doc = std::move(doc);
  type.fields = Options::fields().list();
  type.make_options = [] { return std::make_shared<Options>(); };
  type.make_node = [](const std::shared_ptr<void>& options, const NodeContext& context) -> AnyNode {
    auto node = std::make_unique<T>(*std::static_pointer_cast<Options>(options), context);
    if constexpr (std::is_base_of_v<JoinNode, T>)
      return std::unique_ptr<JoinNode>(std::move(node));
    else if constexpr (std::is_base_of_v<AsyncNode, T>)
      return std::unique_ptr<AsyncNode>(std::move(node));
    else
      return std::unique_ptr<Node>(std::move(node));
  };
  if constexpr (requires(const Options& o, CheckContext& c) { T::check(o, c); })
    type.check = [](const void* o, CheckContext& c) { T::check(*static_cast<const Options*>(o), c); };
  if constexpr (requires(const Options& o) { T::gives(o); })
    type.gives = [](const void* o, const PipelineSpec&) { return T::gives(*static_cast<const Options*>(o)); };
  else if constexpr (requires(const Options& o, const PipelineSpec& p) { T::gives(o, p); })
    type.gives = [](const void* o, const PipelineSpec& p) {
      return T::gives(*static_cast<const Options*>(o), p);
    };
  if constexpr (requires(const Options& o) { T::asks(o); })
    type.asks = [](const void* o) { return T::asks(*static_cast<const Options*>(o)); };
  type.is_join = std::is_base_of_v<JoinNode, T>;
  return type;
}

/// `const slm::Registration<Shout> shout{"shout", "Says it louder"};` in the program that brings the node.
template <class T>
struct Registration {
  Registration(std::string name, std::string doc) {
    Registry::instance().add(node_type<T>(std::move(name), std::move(doc)));
  }
};

}  // namespace slm
