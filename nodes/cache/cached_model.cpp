#include <type_traits>
#include <utility>

#include "models/pacer.h"
#include "models/replay/named_format.h"
#include "nodes/cache/answer_cache.h"

namespace slm::cache {
namespace {

using Clock = std::chrono::steady_clock;

/// A question on its way to a model, by way of the near ones. It owns all that it needs but what embeds it,
/// for whose answer it may be waiting when the cache is gone.
template <class Inner, class Request, class Result>
struct Errand {
  using Send = void (Inner::*)(Request, std::function<void(std::variant<Result, ModelFailure>)>);

  std::shared_ptr<Inner> inner;
  Send send;
  std::shared_ptr<AnswerCache> cache;
  std::shared_ptr<NearestGate> gate;  // null: no near ones are looked for
  std::shared_ptr<const Question> question;
  Request request;
  Call::Done landed;

  void go(std::shared_ptr<const Embedding> embedding) {
    if (!embedding) {
      if (auto failure = impatience(request.patience)) return landed(*std::move(failure));
      return ask(nullptr, std::nullopt);
    }
    auto near = gate->is_open() ? cache->find_nearest(*question, *embedding, gate->at_least()) : std::nullopt;
    if (near && !gate->is_audited(question->key)) return landed(*std::move(near));
    ask(std::move(embedding), std::move(near));
  }

  /// `audited` is what would have been the answer: it still is where the model fails.
  void ask(std::shared_ptr<const Embedding> embedding, std::optional<replay::Answer> audited) {
    auto done = [cache = cache, gate = gate, question = question, landed = std::move(landed),
                 embedding = std::move(embedding), audited = std::move(audited),
                 begin = Clock::now()](std::variant<Result, ModelFailure> result) mutable {
      auto answer = std::visit([](auto& one) { return replay::Answer{std::move(one)}; }, result);
      if (const auto* failure = std::get_if<ModelFailure>(&answer)) {
        if (audited && failure->kind == ModelFailure::Kind::failed) answer = *std::move(audited);
        return landed(std::move(answer));
      }
      if (audited) gate->judge(*audited, answer);
      if (!std::get<Result>(answer).is_prompt_cut)  // an entry tells of the answer alone
        cache->keep(*question, answer, Clock::now() - begin, std::move(embedding));
      landed(std::move(answer));
    };
    (*inner.*send)(std::move(request), std::move(done));
  }
};

/// A model with calls of the one kind, between its cache and its flights.
template <class Inner, class Request, class Result>
class Desk {
 public:
  using Errand = cache::Errand<Inner, Request, Result>;
  using Done = std::function<void(std::variant<Result, ModelFailure>)>;

  Desk(std::shared_ptr<Inner> inner, std::shared_ptr<AnswerCache> cache, std::shared_ptr<Nearest> nearest,
       typename Errand::Send send)
      : inner_{std::move(inner)}, cache_{std::move(cache)}, nearest_{std::move(nearest)}, send_{send} {}
  ~Desk() { flights_->close(); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  const Inner& inner() const { return *inner_; }

  void serve(replay::Asked&& asked, Request request, Done done) {
    const auto question = cache_->question(std::move(asked), std::move(request.subject));
    request.subject.reset();
    auto finish = [done = std::move(done)](replay::Answer answer) { done(narrowed(std::move(answer))); };
    if (auto answer = cache_->find(*question)) return finish(*std::move(answer));
    Patience patience = request.patience;
    auto ask = [this, question, request = std::move(request)](Call::Done landed) {
      // It may have come since: whoever brought it had landed before this flight began.
      if (auto answer = cache_->find(*question)) return landed(*std::move(answer));
      const auto gate = nearest_ ? nearest_->gate() : nullptr;
      const auto errand =
          std::make_shared<Errand>(Errand{inner_, send_, cache_, gate, question, request, std::move(landed)});
      if (!nearest_) return errand->ask(nullptr, std::nullopt);
      nearest_->embed(question->subject, request.patience,
                      [errand](auto embedding) { errand->go(std::move(embedding)); });
    };
    flights_->call({question, std::move(patience), std::move(ask), std::move(finish)});
  }

 private:
  static std::variant<Result, ModelFailure> narrowed(replay::Answer answer) {
    if (auto* result = std::get_if<Result>(&answer)) return std::move(*result);
    if (auto* failure = std::get_if<ModelFailure>(&answer)) return std::move(*failure);
    return ModelFailure{.reason = "the answer is of another kind"};
  }

  std::shared_ptr<Inner> inner_;
  std::shared_ptr<AnswerCache> cache_;
  std::shared_ptr<Nearest> nearest_;  // null: only the same question is looked for
  typename Errand::Send send_;
  std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();
};

class CachedGenerator : public Generator {
 public:
  CachedGenerator(std::shared_ptr<Generator> inner, std::shared_ptr<AnswerCache> cache,
                  std::shared_ptr<Nearest> nearest)
      : desk_{std::move(inner), std::move(cache), std::move(nearest), &Generator::generate} {}

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override {
    return std::make_shared<const replay::NamedFormat>(desk_.inner().compile(source),
                                                       replay::format_name(source));
  }

  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override {
    request.give_up_below = 0;  // others who ask the same want the whole answer
    std::string format = replay::take_format_name(request);
    replay::Asked asked = replay::asked_of(request, std::move(format));
    desk_.serve(std::move(asked), std::move(request), std::move(done));
  }

 private:
  Desk<Generator, GenerationRequest, Generation> desk_;
};

class CachedScorer : public ChoiceScorer {
 public:
  CachedScorer(std::shared_ptr<ChoiceScorer> inner, std::shared_ptr<AnswerCache> cache,
               std::shared_ptr<Nearest> nearest)
      : desk_{std::move(inner), std::move(cache), std::move(nearest), &ChoiceScorer::score} {}

  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override {
    replay::Asked asked = replay::asked_of(request);
    desk_.serve(std::move(asked), std::move(request), std::move(done));
  }

 private:
  Desk<ChoiceScorer, ChoiceRequest, ChoiceScores> desk_;
};

}  // namespace

Model cached(Model model, const std::shared_ptr<AnswerCache>& cache,
             const std::shared_ptr<Nearest>& nearest) {
  if (model.generator) model.generator = std::make_shared<CachedGenerator>(model.generator, cache, nearest);
  if (model.scorer) model.scorer = std::make_shared<CachedScorer>(model.scorer, cache, nearest);
  if (nearest) model.subjects = {.is_wanted = true, .is_sent = nearest->is_remote()};
  return model;
}

}  // namespace slm::cache
