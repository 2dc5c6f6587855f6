// Sends one source partition's cuts to the nodes that keep them.
#pragma once

#include "actors/backup_holders.hpp"
#include "actors/backup_messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace braid {

/// The nodes that keep a source partition's cuts.
std::vector<node_index> cut_holders(const backup_holders& holders,
                                    const partition_place& place);

/// Keeps the cuts beyond the stable epoch, and finds up to where all holders
/// have them.
///
/// The sender of a restored instance begins with the cuts that are known of the
/// one before it, so that they are held by enough nodes again before they are
/// repeated.
class cut_sender {
public:
  /// While there are no `holders`, cuts are kept here, and nothing counts as
  /// held.
  cut_sender(run_id run, partition_place place, incarnation_number incarnation,
             const std::vector<node_index>& holders);

  struct message {
    node_index to = 0;
    source_cuts cuts;
  };

  /// What to send of cuts. Epochs that it knows already are passed over; throws
  /// `protocol_error` if they had ended otherwise, or if epochs in between are
  /// left out.
  std::vector<message> begin(const cut_notice& cuts);

  /// Returns the newest epoch up to which all holders have the cuts, if that is
  /// news: for `partition::on_cuts_held`. Receipts of other instances and from
  /// other nodes, and those that say that the instance is fenced, do nothing.
  std::optional<epoch_number> on_receipt(node_index from,
                                         const cuts_receipt& receipt);

  struct change {
    std::vector<message> messages;
    std::optional<epoch_number> held; ///< as `on_receipt` returns it
  };

  /// From now on other nodes keep the cuts. Those that did not before get all
  /// that is kept here; those that go on get nothing.
  change set_holders(const std::vector<node_index>& holders);

  /// What may have been lost when the connection to a holder broke: to be sent
  /// once more.
  std::vector<message> unconfirmed(node_index holder) const;

  /// Nobody goes back to before the end of `epoch`: its cuts are not needed.
  /// Returns what `on_receipt` does: later cuts may have waited for them alone.
  std::optional<epoch_number> stable(epoch_number epoch);

  /// The newest epoch up to which all holders have, or had, the cuts.
  epoch_number held() const {
    return held_;
  }

private:
  /// How the epochs from its key to `last` ended.
  struct entry {
    epoch_number last = 0;
    std::vector<source_cut> cuts;
    std::set<node_index> missing; ///< holders that have not confirmed it
  };

  using entries = std::map<epoch_number, entry>;

  source_cuts contents_of(entries::const_reference from) const;
  void check_known(const cut_notice& cuts) const;
  entries::const_iterator entry_of(epoch_number epoch) const;
  std::optional<epoch_number> advance();

  run_id run_;
  partition_place place_;
  incarnation_number incarnation_;
  std::set<node_index> holders_;
  entries kept_;            ///< beyond the stable epoch
  epoch_number newest_ = 0; ///< of which cuts are known; or the stable one
  epoch_number held_ = 0;
  epoch_number confirmed_ = 0; ///< up to there by all holders
};

} // namespace braid
