#pragma once

#include "models/replay/answers.h"
#include "nodes/model_resource.h"

namespace slm {

bool is_replayed(const ModelSpec& model);

/// What a replayed model answers from; null where its file could not be read, which has been reported.
const replay::Answers* answers_of(const ModelSpec& model);

/// `cache` of a replayed model; null where there is none.
const cache::CacheOptions* replay_cache(const ModelSpec& model);

}  // namespace slm
