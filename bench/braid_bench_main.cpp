// Runs the benchmarks: `bench/run` builds and calls this.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/archive_bench.hpp"
#include "bench/bench_node.hpp"
#include "bench/engine_bench.hpp"

namespace {

using benchmark =
  std::function<std::vector<braid::measurement>(const braid::bench_setup&)>;

/// In an order in which the raw connection, which forks, comes first.
const std::vector<std::pair<std::string, benchmark>> benchmarks{
  {"links", braid::measure_links},
  {"archive", [](const auto&) { return braid::measure_archive(); }},
  {"keyed_count", braid::measure_keyed_count},
  {"latency", braid::measure_latency},
  {"checkpoints", braid::measure_checkpoints},
  {"idle", braid::measure_idle},
  {"recovery.words", braid::measure_word_count_recovery},
  {"recovery.parallel", braid::measure_parallel_recovery},
  {"recovery.state", braid::measure_state_recovery},
  {"overhead.small", braid::measure_small_overhead},
  {"overhead.large", braid::measure_large_overhead},
  {"hand_over", braid::measure_hand_over},
  {"elasticity", braid::measure_elasticity},
};

/// What stands before a dot names all that begin so.
std::string family_of(const std::string& name) {
  return name.substr(0, name.find('.'));
}

void print(const braid::measurement& x) {
  std::printf("  %-46s %10.3f %-22s", x.name.c_str(), x.value, x.unit.c_str());
  if (x.target != 0)
    std::printf(" target %6.2f  %-6s", x.target, x.met ? "met" : "MISSED");
  if (x.published)
    std::printf("  published %.2f", *x.published);
  std::printf("\n");
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  CLI::App app{"Measures Braid against hand-written code, in the same run."};
  braid::bench_setup setup;
  setup.program = std::filesystem::read_symlink("/proc/self/exe");
  bool json = false;
  std::vector<std::string> only;
  std::set<std::string> names;
  for (auto& [name, measure] : benchmarks)
    names.insert({name, family_of(name)});
  app.add_flag("--json", json, "print one JSON object");
  app.add_flag("--quick", setup.quick, "a tenth of the work");
  app.add_option("--runs", setup.runs, "runs of each; medians are shown")
    ->check(CLI::Range(1, 1000));
  app.add_option("--only", only, "just this benchmark")
    ->check(CLI::IsMember(names));
  app
    .add_option("--gigabytes", setup.gigabytes,
                "of the large states that are restored, just these")
    ->check(CLI::IsMember({1, 2, 4}));
  app.add_option("--plots", setup.plots, "a folder for plots, as SVG")
    ->check(CLI::ExistingDirectory)
    ->type_name("FOLDER");
  CLI11_PARSE(app, argc, argv);
  nlohmann::ordered_json all;
  for (auto& [name, measure] : benchmarks) {
    auto asked_for = [&, &of = name](const std::string& x) {
      return x == of || x == family_of(of);
    };
    if (!only.empty() && std::none_of(only.begin(), only.end(), asked_for))
      continue;
    if (!json)
      std::printf("%s (medians of %u runs)\n", name.c_str(), setup.runs);
    for (auto& x : measure(setup)) {
      all[x.name] = {{"value", x.value},
                     {"unit", x.unit},
                     {"target", x.target},
                     {"met", x.met}};
      if (x.published)
        all[x.name]["published"] = *x.published;
      if (!json)
        print(x);
    }
  }
  if (json)
    std::printf("%s\n", all.dump(2).c_str());
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 5 && std::strcmp(argv[1], "--worker") == 0)
      return braid::run_worker(argv[2],
                               static_cast<std::uint16_t>(std::atoi(argv[3])),
                               static_cast<unsigned>(std::atoi(argv[4])));
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "braid-bench: %s\n", error.what());
    return 1;
  }
}
