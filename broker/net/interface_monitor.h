#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/time.h"
#include "broker/history/network_registry.h"
#include "broker/net/interface_table.h"

namespace flowbroker::net {

/// Knows the interfaces of this host and their usable addresses, and tells when one comes or goes (H5, I1), from
/// rtnetlink(7); needs no privileges. A burst of changes is told once. Where the kernel had more to say than the
/// socket could hold, the whole table is asked for again. Confined to the thread of `io`, which must outlive it.
class InterfaceMonitor {
 public:
  using Changed = std::function<void(const std::vector<history::LocalInterface>&)>;

  /// Asks the kernel and waits for its answer (under a millisecond; 2 s at most), so that `interfaces` is right at once
  /// and the caller may still run on another thread than `io`. `changed` is called from `io`. Fails where there is no
  /// rtnetlink, e.g. in a sandbox.
  ///
  /// `buffer_octets`: what one message of the kernel is expected to need; the default is twice the most it puts into an
  /// answer. A larger message costs a new buffer, and the whole table is asked for again.
  static Expected<std::unique_ptr<InterfaceMonitor>> Create(boost::asio::io_context& io, Changed changed,
                                                            std::size_t buffer_octets = 65536);

  InterfaceMonitor(const InterfaceMonitor&) = delete;
  InterfaceMonitor& operator=(const InterfaceMonitor&) = delete;

  /// As told last.
  const std::vector<history::LocalInterface>& interfaces() const { return told_; }

 private:
  enum class Asked : std::uint8_t {
    kNothing,    ///< the table is whole; changes come by themselves
    kLinks,      ///< all interfaces are being told
    kAddresses,  ///< all addresses are being told
  };

  InterfaceMonitor(boost::asio::io_context& io, Changed changed, std::size_t buffer_octets);

  boost::system::error_code Open();
  boost::system::error_code Ask(Asked what);
  boost::system::error_code AwaitWholeTable();
  void AwaitReadable();
  void OnReadable();
  void OpenLater(Duration delay);
  void ReadAll();
  bool ReadOne();
  void On(const RtnetlinkEvent& event);
  void TellChange();

  Changed changed_;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> socket_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  Asked asked_ = Asked::kNothing;
  bool missed_something_ = false;
  InterfaceTable table_;
  std::vector<history::LocalInterface> told_;
  std::vector<std::byte> buffer_;
};

}  // namespace flowbroker::net
