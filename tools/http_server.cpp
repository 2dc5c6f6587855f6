#include "tools/http_server.hpp"

#include "tools/logging.hpp"

#include "actors/node.hpp"

#include <cerrno>
#include <chrono>
#include <httplib.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <thread>

namespace braid {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t answering_threads = 8;
constexpr std::size_t longest_body = 1 << 20;
constexpr auto patience = 2s; ///< with one read or write of a client
constexpr int most_waiting = 128;

/// The library lets five connections wait to be taken; who comes sixth at the
/// same moment waits for a second.
class patient_server : public httplib::Server {
public:
  void let_more_wait() {
    ::listen(svr_sock_, most_waiting);
  }
};

/// The library's own choice would let several processes share a port.
void let_port_be_taken_over(int socket) {
  int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

http_question question_of(const httplib::Request& request) {
  http_question result;
  // Who asks for the head alone gets the head of the same answer.
  result.method = request.method == "HEAD" ? "GET" : request.method;
  result.path = request.path;
  result.host = request.get_header_value("Host");
  result.content_type = request.get_header_value("Content-Type");
  result.body = request.body;
  return result;
}

/// What the library refuses before it asks us.
std::string why_refused(int status) {
  if (status == 413)
    return "the body is longer than " + std::to_string(longest_body)
           + " bytes; send less";
  return "the request is malformed, or too long or too slow (HTTP status "
         + std::to_string(status) + ")";
}

void put(const http_answer& answer, httplib::Response& into) {
  into.status = answer.status;
  into.set_content(answer.body, "application/json");
}

} // namespace

class http_server::impl {
public:
  explicit impl(address where) : where_(std::move(where)) {
    server_.new_task_queue = [] {
      return new httplib::ThreadPool(answering_threads);
    };
    server_.set_socket_options(let_port_be_taken_over);
    server_.set_tcp_nodelay(true);
    // A connection an answer: nobody holds a thread while he thinks.
    server_.set_keep_alive_max_count(1);
    server_.set_keep_alive_timeout(1);
    server_.set_read_timeout(patience);
    server_.set_write_timeout(patience);
    server_.set_payload_max_length(longest_body);
    bind();
    server_.let_more_wait();
  }

  ~impl() {
    stop();
  }

  const address& where() const {
    return where_;
  }

  void start(http_api api) {
    api_.emplace(std::move(api));
    auto handle = [this](const httplib::Request& request,
                         httplib::Response& response) {
      auto answer = api_->answer(question_of(request));
      logger("http")->debug("{} {} -> {}", request.method, request.path,
                            answer.status);
      put(answer, response);
    };
    server_.Get(".*", handle);
    server_.Post(".*", handle);
    server_.Put(".*", handle);
    server_.Patch(".*", handle);
    server_.Delete(".*", handle);
    server_.Options(".*", handle);
    server_.set_error_handler(
      [](const httplib::Request&, httplib::Response& response) {
        if (response.body.empty())
          put(http_failure(response.status, why_refused(response.status)),
              response);
      });
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    // Stopping one that does not run yet would be forgotten.
    while (!server_.is_running())
      std::this_thread::sleep_for(1ms);
  }

  void stop() {
    if (!thread_.joinable())
      return;
    server_.stop();
    thread_.join();
  }

private:
  void bind() {
    errno = 0;
    if (where_.port == 0) {
      auto port = server_.bind_to_any_port(where_.host);
      if (port > 0) {
        where_.port = static_cast<std::uint16_t>(port);
        return;
      }
    } else if (server_.bind_to_port(where_.host, where_.port)) {
      return;
    }
    auto reason = errno == 0 ? std::string{"no such host"}
                             : std::generic_category().message(errno);
    throw listen_error{"http.listen: cannot listen at " + to_string(where_)
                       + ": " + reason};
  }

  address where_;
  patient_server server_;
  std::optional<http_api> api_;
  std::thread thread_;
};

http_server::http_server(const address& where)
  : impl_(std::make_unique<impl>(where)) {}

http_server::~http_server() = default;

const address& http_server::where() const {
  return impl_->where();
}

void http_server::start(http_api api) {
  impl_->start(std::move(api));
}

void http_server::stop() {
  impl_->stop();
}

} // namespace braid
