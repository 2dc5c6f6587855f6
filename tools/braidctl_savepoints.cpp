// The part of braidctl that is about savepoints.
#include "tools/braidctl_cells.hpp"
#include "tools/braidctl_commands.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/readable.hpp"
#include "tools/units.hpp"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

namespace braid {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto savepoints_path = "/api/savepoints";
constexpr auto look_every = 50ms;

/// The supervising node gives up by itself; it has this long to say so.
constexpr auto grace = 5s;

/// One line on the terminal, while it takes long.
class progress_line {
public:
  explicit progress_line(bool shown)
    : shown_(shown && isatty(STDERR_FILENO) != 0) {}

  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  ~progress_line() {
    if (written_)
      std::cerr << "\r\x1b[K" << std::flush;
  }

  void show(const json& savepoint) {
    if (!shown_)
      return;
    auto gathering = text_in(savepoint, "state") == "gathering";
    std::cerr << "\r\x1b[K"
              << (gathering
                    ? readable_bytes(number_in(savepoint, "bytes")) + " written"
                    : "waiting for the end of an epoch")
              << std::flush;
    written_ = true;
  }

private:
  bool shown_;
  bool written_ = false;
};

} // namespace

std::string savepoint_named(const std::string& typed) {
  // What is no plain name is a path, and nodes have folders of their own.
  if (typed.find('/') == std::string::npos)
    return typed;
  return std::filesystem::absolute(typed).lexically_normal().string();
}

void braidctl::savepoint(const std::string& run,
                         const std::string& called) const {
  auto limit = client_.limit();
  json order{{"limit_us", limit.count()}};
  if (!called.empty())
    order["name"] = called;
  auto name =
    client_.post("/api/topologies/" + run_called(run) + "/savepoints", order)
      .at("name")
      .get<std::string>();
  auto deadline = clock::now() + limit + grace;
  progress_line progress{format_ == output_format::tables};
  for (;;) {
    auto answer = ask_patiently(savepoints_path + ('/' + name));
    auto state = text_in(answer, "state");
    if (state == "written")
      return print(answer, name + '\n');
    if (state == "failed" || state == "damaged")
      throw braidctl_error{"savepoint " + name
                           + " was not written: " + text_in(answer, "reason")};
    if (clock::now() >= deadline)
      throw braidctl_error{"savepoint " + name + " is still " + state
                           + " after " + print_duration(limit)
                           + "; see 'braidctl savepoint list', or wait longer "
                             "with --timeout"};
    progress.show(answer);
    std::this_thread::sleep_for(look_every);
  }
}

void braidctl::list_savepoints() const {
  auto answer = client_.get(savepoints_path);
  print(answer, savepoints_text(answer, emphasise_));
}

void braidctl::verify_savepoint(const std::string& typed) const {
  auto answer = client_.post(std::string{savepoints_path} + "/verify",
                             {{"name", savepoint_named(typed)}});
  print(answer, savepoint_text(answer, emphasise_));
}

} // namespace braid
