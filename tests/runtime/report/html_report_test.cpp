#include "runtime/report/html/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

/// What needs no browser; report_test.py looks at reports in one.
namespace slm::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPipeline = R"(pipeline: sorter
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
  large: { backend: ngram, file: large.slm }
nodes:
  sort: { type: classify, model: nano, to: gate }
  gate: { type: gate, confidence: { signal: max_prob }, accept: { at_least: 0.9 }, escalate: { to: again } }
  again: { type: classify, model: large }
)";

/// Of a report, without what is the same in all.
std::string main_of(const runtime::HtmlReport& report) {
  const std::string html = report.html();
  const std::size_t begin = html.find("<body>");
  return html.substr(begin, html.find("<footer>") - begin);
}

TEST(HtmlReport, EscapesTextsWhereverTheyStand) {
  const std::string name = "</script><b a=\"x\">&";
  runtime::HtmlReport report{.title = name, .summary = {name}};
  runtime::Table table{{{name}}};
  table.add({name});
  report.add(runtime::TitledTable{name, table});
  report.add(runtime::SharesChart{.title = name, .parts = {name}, .rows = {{name, {0.5}}}, .note = name});
  const std::string html = main_of(report);
  EXPECT_THAT(
      html, AllOf(Not(HasSubstr("<b ")), Not(HasSubstr("\"x\"")), HasSubstr("&lt;b a=&quot;x&quot;&gt;&amp;"),
                  HasSubstr("\\u003c/script>\\u003cb a=\\\"x\\\">&")));
}

TEST(HtmlReport, KeepsTheEndsOfALongCurveAndTellsThem) {
  runtime::FrontierChart chart{.title = "Frontier", .spend = "calls a line", .quality = "accuracy"};
  for (int i = 0; i <= 10000; ++i) chart.curve.push_back({3 - i * 2e-4, 0.9 - i * 5e-5});
  runtime::HtmlReport report{.title = "Report"};
  report.add(chart);
  const std::string html = main_of(report);
  EXPECT_LT(html.size(), 40000u);
  EXPECT_THAT(html, HasSubstr("from accuracy 0.9, calls a line 3 to accuracy 0.4, calls a line 1."));
  EXPECT_THAT(html, AllOf(HasSubstr("[{\"x\":3.0,\"y\":0.9}"), HasSubstr("{\"x\":1.0,\"y\":0.4}]")));
}

class TuneReport : public ::testing::Test {
 protected:
  void SetUp() override {
    train_nano_model(folder_ / "nano.slm");
    train_nano_model(folder_ / "large.slm");
    pipeline_ = folder_.write("sorter.yaml", kPipeline);
    data_ = folder_.write("data.jsonl",
                          "{\"text\": \"play some jazz\", \"label\": \"music\"}\n"
                          "{\"text\": \"is it going to snow\", \"label\": \"weather\"}\n");
  }

  Ended tune(const std::string& report, std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"tune", pipeline_, "--data", data_, "--target", "accuracy=0.9", "--report", report});
    return slm_graph(std::move(more));
  }

  TemporaryFolder folder_;
  std::string pipeline_;
  std::string data_;
};

TEST_F(TuneReport, IsWrittenWithADryRunToo) {
  const auto file = folder_.write("report.html", "an earlier one");
  EXPECT_EQ(tune(file, {"--dry-run"}).exit_code, 0);
  EXPECT_THAT(text_of_file(file), HasSubstr("<h1>Tuning of sorter</h1>"));
  EXPECT_EQ(text_of_file(pipeline_), kPipeline);
}

TEST_F(TuneReport, TakesTheNameOfNoFileThatIsReadOrWritten) {
  for (const std::string name : {"sorter.yaml", "data.jsonl", "nano.slm"}) {
    const std::string before = text_of_file(folder_ / name);
    const auto ended = tune(folder_ / name);
    EXPECT_EQ(ended.exit_code, 2) << name;
    EXPECT_THAT(ended.err, HasSubstr(name + " is "));
    EXPECT_EQ(text_of_file(folder_ / name), before);
  }
  const std::string both = folder_ / "new";
  EXPECT_EQ(tune(both, {"--output", both}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(both));
}

TEST_F(TuneReport, IsFoundUnwritableBeforeAModelIsAsked) {
  for (const std::string file : {"-", "/dev/full", "no/such/folder/report.html"}) {
    const auto ended = tune(file);
    EXPECT_EQ(ended.exit_code, 2) << file << ": " << ended.err;
    EXPECT_EQ(text_of_file(pipeline_), kPipeline);
    EXPECT_THAT(ended.err, Not(HasSubstr("accuracy"))) << "it was tuned";
  }
}

}  // namespace
}  // namespace slm::testing
