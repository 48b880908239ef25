#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "models/model.h"

namespace slm::llama {

/// What a model can be quantised to, most bits first: `F32`, `Q8_0`, `Q4_K_M`, … The names with `_K_` are
/// mixtures that give tensors on which more depends a larger type.
const std::vector<std::string>& quantisation_names();

/// Types that single tensors can have: `F16`, `Q6_K`, …
const std::vector<std::string>& tensor_type_names();

/// The type of all tensors in whose name the regular expression (ECMAScript) is found, such as `attn_v` or
/// `blk\.0\..*`.
struct TensorType {
  std::string pattern;
  std::string type;
};

struct QuantizeOptions {
  // Behaviour

  std::string to;  ///< of `quantisation_names`
  /// Exceptions; the first that fits a tensor counts. Only where `to` is a quantised type.
  std::vector<TensorType> tensors;
  /// Whether tensors that are quantised already are quantised once more, which loses twice.
  bool may_requantize = false;

  // Performance

  int threads = 0;  ///< 0: one for each processor
};

/// A tensor that could not get the type it was to have, since its rows do not divide into that type's blocks
/// or llama.cpp leaves it as it is.
struct UnlikeTensor {
  std::string name;
  std::string wanted;
  std::string written;
};

struct QuantizeReport {
  ModelInfo before;
  ModelInfo after;
  std::map<std::string, std::size_t> tensors;  ///< how many of each type were written
  std::vector<UnlikeTensor> unlike;
};

/// Writes the GGUF model `file` with other types of weights to `output`, which should be a temporary file: it
/// is part-written where this throws. Memory is that of the largest tensors, not of the model.
///
/// `on_tensor` is told, on this thread, how many tensors have been begun, of how many; it must not throw.
/// Throws `ModelError` for a model or options that cannot be followed, `std::system_error` where the output
/// cannot be written. Any thread.
QuantizeReport quantize(const std::filesystem::path& file, const std::filesystem::path& output,
                        const QuantizeOptions& options,
                        const std::function<void(int begun, int total)>& on_tensor = {});

}  // namespace slm::llama
