#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "broker/base/ip_address.h"

namespace flowbroker::net {

/// An interface as it is now (RTM_NEWLINK, RTM_DELLINK).
struct LinkChange {
  int index;
  std::string name;  ///< empty: as before
  bool exists;
  bool up;  ///< switched on; its carrier may be lost
};

/// An address of an interface as it is now (RTM_NEWADDR, RTM_DELADDR).
struct AddressChange {
  int interface_index;
  IpAddress address;
  int prefix_bits;
  bool usable;     ///< exists, is not link-local, and duplicate address detection has passed it (RFC 4862 s.5.4)
  bool temporary;  ///< RFC 8981
};

/// The kernel has told all that it was asked for.
struct DumpEnded {
  bool complete;  ///< otherwise the table changed while it was told: to be asked for anew
};

/// The kernel refuses what it was asked for.
struct NetlinkRefusal {
  int error;  ///< errno
};

using RtnetlinkEvent = std::variant<LinkChange, AddressChange, DumpEnded, NetlinkRefusal>;

/// Reads one datagram of a NETLINK_ROUTE socket (rtnetlink(7)). What is of no interest, malformed or cut off is left
/// out; never reads beyond `datagram`. Time is linear in its length.
std::vector<RtnetlinkEvent> ReadRtnetlink(std::span<const std::byte> datagram);

}  // namespace flowbroker::net
