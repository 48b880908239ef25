#include "runtime/train/train_report.h"

#include <nlohmann/json.hpp>
#include <span>

#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

std::span<const ngram::Confusion> worst(const ngram::TrainReport& report) {
  constexpr std::size_t kTold = 10;
  const std::span all{report.quality.confusions};
  return all.first(std::min(kTold, all.size()));
}

}  // namespace

std::string to_text(const ngram::TrainReport& report, const std::filesystem::path& output) {
  std::string text = output.string();
  text.append(": ")
      .append(bytes(report.file_bytes))
      .append(", ")
      .append(counted(report.labels.size(), "label"));
  text.append(", ").append(counted(report.features, "feature")).append("\n  trained on ");
  text.append(counted(report.training_examples, "line")).append(", epoch ");
  text.append(std::to_string(report.best_epoch)).append(" of ").append(std::to_string(report.epochs));
  if (report.held_out_examples == 0) return text.append("; nothing was held out to measure it on\n");
  const auto share = [](double value) { return brief(100 * value) + " %"; };
  text.append("; on ").append(counted(report.held_out_examples, "held-out line")).append(":\n  accuracy ");
  text.append(share(report.quality.accuracy)).append(", macro-F1 ").append(share(report.quality.macro_f1));
  text.append(", log loss ").append(brief(report.log_loss)).append("\n");
  if (report.quality.confusions.empty()) return text;
  Table table{{{"most confused"}, {"taken for"}, {"times", Table::Align::right}}};
  for (const auto& confusion : worst(report))
    table.add({report.labels[confusion.from], report.labels[confusion.to], grouped(confusion.count)});
  return text.append("\n").append(table.to_string(2));
}

std::string to_json(const ngram::TrainReport& report, const std::filesystem::path& output) {
  Json json = {{"output", output.string()},
               {"interrupted", report.is_cancelled},
               {"training_examples", report.training_examples},
               {"held_out_examples", report.held_out_examples},
               {"epochs", report.epochs},
               {"best_epoch", report.best_epoch},
               {"features", report.features},
               {"file_bytes", report.file_bytes},
               {"labels", report.labels}};
  if (report.held_out_examples > 0 && !report.is_cancelled) {
    json["accuracy"] = report.quality.accuracy;
    json["macro_f1"] = report.quality.macro_f1;
    json["log_loss"] = report.log_loss;
    json["confusions"] = Json::array();
    for (const auto& confusion : worst(report))
      json["confusions"].push_back({{"label", report.labels[confusion.from]},
                                    {"taken_for", report.labels[confusion.to]},
                                    {"count", confusion.count}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slm::runtime
