// Embeds a pipeline in a program: load, submit, get a future, or be called back.
//
//     embed PIPELINE TEXT…

#include <slm/graph.h>

#include <future>
#include <iostream>
#include <sstream>

// One line an outcome, in one piece, since callbacks come from several threads.
void print(const slm::Outcome& outcome) {
  std::ostringstream line;
  line << outcome.id << ": " << slm::to_string(outcome.kind) << " by " << outcome.answer.tier << ": "
       << (outcome.answer.text.empty() ? outcome.answer.label : outcome.answer.text) << outcome.reason
       << '\n';
  std::cout << line.str();
}

int main(int count, char** arguments) try {
  if (count < 3) throw std::invalid_argument{"usage: embed PIPELINE TEXT..."};
  slm::Graph graph{slm::Pipeline::load(arguments[1])};

  std::future<slm::Outcome> first = graph.submit({.id = "first", .text = arguments[2]});
  print(first.get());

  for (int i = 3; i < count; ++i) graph.submit({.text = arguments[i]}, print);
  graph.drain();  // until every callback has been called

  const slm::Counts counts = graph.counts();
  std::cout << counts.answered << " answered of " << counts.submitted << '\n';
  return 0;
} catch (const std::exception& error) {  // slm::PipelineError says what is wrong, with file, line and column
  std::cerr << error.what() << '\n';
  return 2;
}
