#pragma once

#include <cstdint>
#include <filesystem>

namespace slm {

/// How a GGUF model is loaded and run.
struct LlamaOptions {
  // Behaviour

  /// Tokens of prompt and answer together that one request may have. 0: as many as the model was trained
  /// with, at most 2048. Each costs the KV cache of all layers, in every slot.
  int context = 0;

  /// What becomes of a prompt that is longer than `context`: the request fails; or the middle is left out, so
  /// that both ends and the answer have room, and the answer tells that.
  enum class LongPrompt { fail, keep_ends };
  LongPrompt long_prompt = LongPrompt::fail;

  /// Whether the model is loaded with its pipeline, and stays, or when it is first asked for, and goes where
  /// others need its memory.
  enum class Load { at_start, on_demand };
  Load load = Load::at_start;

  // Performance

  /// Requests decoded together, 1 to 256. More of them share the reading of the weights at every step, so
  /// they cost little time up to about 16, and memory for `context` tokens each.
  int slots = 8;

  /// Threads of one decoding step. 0: by the size of the model, from one for a few million parameters, where
  /// waking a second costs more than it saves, to all processors but one. They spin while they wait for each
  /// other, so more threads than idle processors make a step not a little but hundreds of times slower.
  int threads = 0;

  /// Tokens evaluated in one step over all slots. A longer prompt takes several steps, between which the
  /// other requests go on; more of them are faster for long prompts and make the others wait longer.
  int batch = 512;

  /// How much longer interactive requests may take for batch work that is under way beside them, as a share
  /// of their own time, beside the one step that they may have to wait for. 0: it stands still meanwhile.
  double batch_share = 0.1;

  /// Memory that beginnings of prompts may take which several requests have shared, beside what the slots
  /// hold: a request in any slot goes on from there. 0: none is kept.
  std::uint64_t prefix_bytes = 256ULL << 20U;

  /// Keeps those beginnings from when the model is unloaded until it is loaded again with the same options:
  /// as large as what they take in memory, read and checked before the first request. Empty: none.
  std::filesystem::path prefix_file{};

  /// What keys and values are kept in, by ggml's names: 16, 8.5 and 4.5 bits each. What is not f16 needs a
  /// model that flash attention can run.
  enum class KvType { f16, q8_0, q4_0 };
  KvType kv_type = KvType::f16;

  /// Layers kept on the GPU where llama.cpp was built for one; negative: all.
  int gpu_layers = -1;

  bool operator==(const LlamaOptions&) const = default;
};

}  // namespace slm
