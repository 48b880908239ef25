#include "nodes/builtin.h"

#include "models/model_store.h"
#include "nodes/aggregate.h"
#include "nodes/classify.h"
#include "nodes/gate.h"
#include "nodes/generate.h"
#include "nodes/join.h"
#include "nodes/model_resource.h"
#include "nodes/redact.h"
#include "nodes/restore.h"
#include "nodes/route.h"

namespace slm {

bool register_builtin_nodes() {
  static const bool is_done = [] {
    Registry& registry = Registry::instance();
    registry.add(ngram_backend());
    registry.add(llama_backend());
    registry.add(openai_backend());
    registry.add(replay_backend());
    registry.add(classify_node());
    registry.add(node_type<GenerateNode>("generate", "lets a language model continue a prompt"));
    registry.add(node_type<GateNode>("gate", "accepts, escalates or rejects by confidence"));
    registry.add(node_type<RouteNode>("route", "sends messages by label or field"));
    registry.add(node_type<RedactNode>("redact", "takes private values out, which stay in its process"));
    registry.add(node_type<RestoreNode>("restore", "puts the values that `redact` took out back"));
    registry.add(
        node_type<AggregateNode>("aggregate", "holds messages until a batch is complete and a window open"));
    registry.add(node_type<JoinAnswers>("join", "gathers the branches of a fork into one answer"));
    return true;
  }();
  return is_done;
}

void set_model_memory(std::uint64_t bytes) {
  ModelStore::instance().set_memory(bytes);
}

}  // namespace slm
