#include "actors/node.hpp"

#include "actors/data_plane.hpp"
#include "actors/dialer.hpp"
#include "actors/log.hpp"
#include "actors/messages.hpp"
#include "actors/node_supervisor.hpp"
#include "actors/supervisor_journal.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <malloc.h>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <system_error>
#include <thread>

namespace braid {

namespace {

/// CAF as measurements say that it must be set up (docs/decisions).
class system_config : public caf::actor_system_config {
public:
  explicit system_config(const node_settings& settings) {
    load<caf::io::middleman>();
    add_message_types<caf::id_block::braid>();
    auto cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    // Partitions may keep a thread for a whole epoch each; two more threads let
    // the system schedule control messages beside them.
    auto threads = settings.threads ? settings.threads : cores + 2;
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", threads);
    set("scheduler.max-throughput", settings.messages_per_turn);
    set("middleman.app-identifiers", std::vector<std::string>{"braid-1"});
  }
};

std::uint64_t make_incarnation() {
  // Later lives have higher numbers, and no two the same.
  auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
  return (static_cast<std::uint64_t>(now) << 16)
         | (std::random_device{}() & 0xffff);
}

/// CAF derives a node's id from machine and process number, which two
/// containers on one machine may share; the last byte makes it differ. It
/// counts the nodes of a process, too: these differ once the count begins at
/// random.
void vary_node_id(caf::actor_system_config& config) {
  static std::once_flag once;
  std::call_once(once, [&] {
    for (auto i = std::random_device{}() % 256; i > 0; --i)
      (void)caf::node_id::default_data::local(config);
  });
}

/// Buffers are freed in other threads than where they were made; glibc would
/// give them back to the system and fault them in again all the time.
void keep_freed_memory() {
  static std::once_flag once;
  std::call_once(once, [] {
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
  });
}

void log_link(link_log level, const std::string& text) {
  switch (level) {
    case link_log::debug:
      return log("data")->debug(text);
    case link_log::info:
      return log("data")->info(text);
    case link_log::warning:
      return log("data")->warn(text);
    case link_log::error:
      return log("data")->error(text);
  }
}

/// CAF leaves a thread that makes a system or spawns an actor a reference to
/// the system's logger, and the end of the system waits for the last of these.
/// Whoever lives longer must give his back.
class caf_visit {
public:
  caf_visit() = default;

  ~caf_visit() {
    caf::logger::set_current_actor_system(nullptr);
  }

  caf_visit(const caf_visit&) = delete;
  caf_visit& operator=(const caf_visit&) = delete;
};

using answer_promise = std::shared_ptr<std::promise<control_reply>>;

/// Asks on behalf of a thread that waits. An actor can also hear that who
/// should answer has ended; the thread would wait for its whole time limit.
void ask_for(caf::event_based_actor* self, const caf::actor& whom,
             const control_request& what, caf::duration limit,
             const answer_promise& answer) {
  auto finish = [=](control_reply reply) {
    answer->set_value(std::move(reply));
    self->quit();
  };
  self->set_down_handler([=](const caf::down_msg&) {
    finish({"the node is being stopped", {}, true});
  });
  self->monitor(whom);
  self->request<caf::message_priority::high>(whom, limit, what)
    .then([=](const control_reply& reply) { finish(reply); },
          [=](const caf::error&) {
            finish({"the node did not answer in time", {}, true});
          });
}

} // namespace

class node::impl {
public:
  impl(node_settings settings, topology_registry registry)
    : settings_(std::move(settings)), registry_(std::move(registry)),
      incarnation_(make_incarnation()), config_(settings_) {
    keep_freed_memory();
    vary_node_id(config_);
    caf_visit visit;
    system_ = std::make_unique<caf::actor_system>(config_);
    try {
      start();
    } catch (...) {
      // Otherwise the actor system would wait for its actors for ever.
      stop();
      throw;
    }
  }

  ~impl() {
    stop();
  }

  node_settings& settings() {
    return settings_;
  }

  void serve_http_at(const address& where) {
    settings_.http = where;
    caf::anon_send(supervisor_, bound_addresses{settings_.control, where});
  }

  template <class T>
  std::vector<char> ask(request_kind kind, const T& content,
                        std::chrono::microseconds limit) {
    std::shared_lock guard{running_};
    if (stopped_)
      throw request_error{"the node is being stopped", true};
    caf_visit visit;
    auto promise = std::make_shared<std::promise<control_reply>>();
    auto answer = promise->get_future();
    system_->spawn(ask_for, supervisor_, request_of(kind, content),
                   caf::duration{limit}, promise);
    auto reply = answer.get();
    if (!reply.error.empty())
      throw request_error{reply.error, reply.unanswered};
    return reply.body;
  }

  void stop() {
    if (stopped_.exchange(true))
      return;
    caf_visit visit;
    if (dial_)
      dial_->stop();
    if (published_)
      close_door();
    if (supervisor_)
      stop_supervisor();
    if (plane_)
      plane_->stop();
    // Those who still ask hear that the supervisor has ended.
    std::unique_lock guard{running_};
    supervisor_ = nullptr;
    system_.reset();
  }

private:
  void start() {
    open_journal();
    start_data_plane();
    dial_ = std::make_unique<dialer>(
      settings_.connect_limit, [this](const address& where) {
        caf::anon_send(supervisor_, join_atom::value, where.host, where.port);
      });
    node_parts parts{settings_,    incarnation_, &registry_,
                     plane_.get(), dial_.get(),  journal_};
    supervisor_ = system_->spawn(node_supervisor, parts);
    auto port =
      system_->middleman().publish(supervisor_, settings_.control.port,
                                   settings_.control.host.c_str(), true);
    if (!port)
      throw listen_error{"control.listen: cannot listen at "
                         + to_string(settings_.control) + ": "
                         + system_->render(port.error())};
    published_ = true;
    settings_.control.port = *port;
    dial_->listens_at(*port);
    caf::anon_send(supervisor_,
                   bound_addresses{settings_.control, settings_.http});
    for (auto& where : settings_.look_for)
      dial_->look_for(where);
    log("node")->info("{} is up: control {}, data {}", settings_.name,
                      to_string(settings_.control), to_string(settings_.data));
  }

  void open_journal() {
    if (!settings_.supervisor || settings_.journal.empty())
      return;
    journal_ = std::make_shared<supervisor_journal>(settings_.journal);
    incarnation_ = journal_->begin_life(incarnation_);
  }

  /// Whoever hears that this node stops looks for its next life at once, and
  /// is not to find this one: a connection that CAF accepts in the very turn in
  /// which it stops is never closed.
  void close_door() {
    caf::scoped_actor self{*system_};
    self
      ->request(system_->middleman().actor_handle(),
                caf::duration{settings_.stop_limit / 4},
                caf::unpublish_atom::value, supervisor_.address(),
                settings_.control.port)
      .receive([] {}, [](const caf::error&) {});
  }

  void stop_supervisor() {
    caf::scoped_actor self{*system_};
    self
      ->request<caf::message_priority::high>(
        supervisor_, caf::duration{settings_.stop_limit / 2}, stop_atom::value)
      .receive([](bool) {},
               [&](const caf::error&) {
                 caf::anon_send<caf::message_priority::high>(
                   supervisor_,
                   caf::exit_msg{caf::actor_addr{}, caf::exit_reason::kill});
               });
  }

  void start_data_plane() {
    tcp_link_options options;
    options.name = settings_.name;
    options.incarnation = incarnation_;
    options.host = settings_.data.host;
    options.port = settings_.data.port;
    // By then a node whose heartbeats do not come either is lost.
    options.silence_limit =
      std::chrono::ceil<std::chrono::milliseconds>(2 * settings_.lost_after);
    data_plane::callbacks tell;
    tell.on_log = log_link;
    tell.on_peer_down = [this](const std::string& peer,
                               const std::string& reason) {
      caf::anon_send(supervisor_, link_down{peer, reason});
    };
    tell.on_peer_up = [this](const std::string& peer) {
      caf::anon_send(supervisor_, link_up{peer});
    };
    try {
      plane_ = std::make_unique<data_plane>(options, std::move(tell));
    } catch (const std::system_error& refused) {
      throw listen_error{std::string{"data.listen: "} + refused.what()};
    }
    settings_.data.port = plane_->port();
  }

  node_settings settings_;
  topology_registry registry_;
  std::uint64_t incarnation_;
  std::shared_ptr<supervisor_journal> journal_; ///< null: none is kept
  system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<data_plane> plane_;
  std::unique_ptr<dialer> dial_;
  caf::actor supervisor_;
  bool published_ = false; ///< others can connect to the supervisor
  std::atomic<bool> stopped_ = false;
  std::shared_mutex running_; ///< shared by those who ask
};

node::node(node_settings settings, topology_registry registry)
  : impl_(std::make_unique<impl>(std::move(settings), std::move(registry))) {}

node::~node() = default;

const node_settings& node::settings() const {
  return impl_->settings();
}

void node::serve_http_at(const address& where) {
  impl_->serve_http_at(where);
}

std::string node::submit(const submission& asked) {
  auto limit =
    asked.from.empty() ? settings().submit_limit : savepoint_limit(settings());
  return from_body<std::string>(impl_->ask(request_kind::submit, asked, limit));
}

void node::cancel(const std::string& run) {
  impl_->ask(request_kind::cancel, run, settings().request_limit);
}

scaling_answer node::rescale(const scaling_order& order) {
  return from_body<scaling_answer>(
    impl_->ask(request_kind::rescale, order, settings().request_limit));
}

cluster_report node::report() {
  return from_body<cluster_report>(
    impl_->ask(request_kind::report, std::string{}, settings().request_limit));
}

std::string node::savepoint(const savepoint_order& order) {
  return from_body<std::string>(
    impl_->ask(request_kind::savepoint, order, settings().request_limit));
}

std::vector<savepoint_report> node::savepoints() {
  return from_body<std::vector<savepoint_report>>(impl_->ask(
    request_kind::savepoints, std::string{}, settings().submit_limit));
}

savepoint_report node::savepoint_status(const std::string& name) {
  return from_body<savepoint_report>(
    impl_->ask(request_kind::savepoint_status, name, settings().submit_limit));
}

savepoint_report node::verify_savepoint(const std::string& name) {
  return from_body<savepoint_report>(impl_->ask(
    request_kind::verify_savepoint, name, savepoint_limit(settings())));
}

run_report node::wait(const std::string& run, std::chrono::milliseconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto now = report();
    auto found = std::find_if(now.runs.begin(), now.runs.end(),
                              [&](auto& known) { return known.name == run; });
    if (found == now.runs.end())
      throw request_error{"there is no run '" + run + "'"};
    if (is_over(found->state) || std::chrono::steady_clock::now() >= deadline)
      return *found;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

void node::stop() {
  impl_->stop();
}

} // namespace braid
