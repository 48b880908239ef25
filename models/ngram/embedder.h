#pragma once

#include "models/embedder.h"

namespace slm::ngram {

/// Embeds a text by its words, pairs of words and n-grams of characters, hashed into a fixed number of places
/// with a sign each (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning"): texts are
/// near where they are worded alike, whatever they mean. Needs no model and takes microseconds, on the
/// caller's thread.
EmbeddingModel embedder();

}  // namespace slm::ngram
