#include "broker/net/shard_sockets.h"

#include "broker/net/datagram_connection.h"
#include "broker/net/stream_connection.h"

namespace flowbroker::net {
namespace {

template <typename SomeConnection>
std::shared_ptr<Connection> Begin(ShardSockets& sockets, flow::ConnectionId id, const ConnectSpec& spec) {
  auto connection = std::make_shared<SomeConnection>(sockets, id);
  connection->Start(spec);
  return connection;
}

}  // namespace

std::shared_ptr<Connection> Connect(ShardSockets& sockets, flow::ConnectionId id, const ConnectSpec& spec) {
  return IsConnectionOriented(spec.target.transport) ? Begin<StreamConnection>(sockets, id, spec)
                                                     : Begin<DatagramConnection>(sockets, id, spec);
}

}  // namespace flowbroker::net
