#pragma once

#include <gguf.h>
#include <llama.h>

#include <memory>

namespace slm::llama {

/// Owners of llama.cpp's C objects.
struct Deleter {
  void operator()(llama_model* model) const { llama_model_free(model); }
  void operator()(llama_context* context) const { llama_free(context); }
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
  void operator()(gguf_context* gguf) const { gguf_free(gguf); }
};
using ModelHandle = std::unique_ptr<llama_model, Deleter>;
using ContextHandle = std::unique_ptr<llama_context, Deleter>;
using SamplerHandle = std::unique_ptr<llama_sampler, Deleter>;
using GgufHandle = std::unique_ptr<gguf_context, Deleter>;

}  // namespace slm::llama
