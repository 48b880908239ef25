#include "nodes/variants/variant_model.h"

#include <chrono>
#include <mutex>
#include <utility>

#include "models/checksum.h"
#include "nodes/machine.h"

namespace slm::variants {
namespace {

/// As each variant has compiled it.
struct VariantConstraint : Constraint {
  std::vector<std::shared_ptr<const Constraint>> compiled;
};

}  // namespace

std::function<Readings()> machine_readings() {
  using Clock = std::chrono::steady_clock;
  struct Looked {
    std::mutex mutex;
    std::optional<Clock::time_point> when;
    Readings readings;
  };
  return [looked = std::make_shared<Looked>()] {
    const std::lock_guard lock{looked->mutex};
    const auto now = Clock::now();
    if (!looked->when || now - *looked->when >= std::chrono::seconds{1}) {
      looked->readings = {battery_percent(), is_on_mains(), available_memory()};
      looked->when = now;
    }
    return looked->readings;
  };
}

bool holds(const Conditions& conditions, const Readings& readings, std::size_t queue) {
  const auto& [battery, mains, memory, most] = conditions;
  if (battery && (!readings.battery_percent || *readings.battery_percent >= *battery)) return false;
  if (mains && *mains != readings.is_on_mains) return false;
  if (memory && (!readings.available_memory || *readings.available_memory >= memory->bytes)) return false;
  return !most || queue > static_cast<std::size_t>(*most);
}

VariantModel::VariantModel(std::vector<Variant> variants, std::function<Readings()> readings)
    : variants_{std::move(variants)},
      readings_{std::move(readings)},
      queue_{std::make_shared<std::atomic<std::size_t>>(0)} {
  for (const Variant& one : variants_) names_.push_back(std::make_shared<const std::string>(one.name));
}

std::size_t VariantModel::choose() const {
  const Readings readings = readings_();
  std::size_t chosen = 0;
  while (chosen + 1 < variants_.size() && !holds(variants_[chosen].when, readings, *queue_)) ++chosen;
  return chosen;
}

/// Tells `done` whose answer it is.
template <class Answer, class Result>
std::function<void(Result)> VariantModel::named(std::size_t variant, std::function<void(Result)> done) const {
  ++*queue_;
  return [queue = queue_, name = names_[variant], done = std::move(done)](Result result) {
    --*queue;
    if (auto* answer = std::get_if<Answer>(&result)) answer->variant = name;
    done(std::move(result));
  };
}

std::shared_ptr<const Constraint> VariantModel::compile(const ConstraintSource& source) const {
  auto constraint = std::make_shared<VariantConstraint>();
  for (const Variant& one : variants_) constraint->compiled.push_back(one.model.generator->compile(source));
  return constraint;
}

void VariantModel::generate(GenerationRequest request, std::function<void(GenerationResult)> done) {
  const std::size_t chosen = choose();
  if (const auto* all = dynamic_cast<const VariantConstraint*>(request.constraint.get()))
    request.constraint = all->compiled[chosen];
  variants_[chosen].model.generator->generate(std::move(request), named<Generation>(chosen, std::move(done)));
}

void VariantModel::score(ChoiceRequest request, std::function<void(ChoiceResult)> done) {
  const std::size_t chosen = choose();
  variants_[chosen].model.scorer->score(std::move(request), named<ChoiceScores>(chosen, std::move(done)));
}

ModelInfo as_one(const std::vector<ModelInfo>& variants) {
  ModelInfo info = variants.back();
  std::string checksums;
  info.memory_bytes = 0;
  for (const ModelInfo& one : variants) {
    info.memory_bytes += one.memory_bytes;
    checksums.append(one.checksum).append(" ");
  }
  info.checksum = text_checksum(checksums);
  return info;
}

Model as_one(std::vector<Variant> variants) {
  Model model = variants.back().model;
  std::vector<ModelInfo> infos;
  for (const Variant& one : variants) {
    infos.push_back(one.model.info);
    if (model.no_chat.empty()) model.no_chat = one.model.no_chat;
    if (model.no_thinking.empty()) model.no_thinking = one.model.no_thinking;
  }
  model.info = as_one(infos);
  const auto itself = std::make_shared<VariantModel>(std::move(variants));
  model.generator = itself;
  model.scorer = itself;
  return model;
}

}  // namespace slm::variants
