#!/bin/sh
# Plants one bug after the other into a copy of the core and checks that the test of the invariant that it breaks
# fails. Usage: tests/planted-bugs/run.sh [NAME...]; see README.md.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target/planted-bugs}"
wanted=" $* "
missed=0

# bug NAME TEST-FILE TEST FILE PERL-SUBSTITUTION [RUNS]; the file is one of electrum-proto, or session:FILE.
bug() {
    case "$wanted" in "  " | *" $1 "*) ;; *) return 0 ;; esac
    case "$4" in
        session:*) file="crates/electrum-session/src/${4#session:}" ;;
        *) file="crates/electrum-proto/src/$4" ;;
    esac
    perl -0pe "$5" "$root/$file" > "$copy/$file"
    if cmp -s "$root/$file" "$copy/$file"; then
        echo "$1: there is nowhere to plant it any more, see $4"
        missed=1
        return 0
    fi
    if ! (cd "$copy" && cargo test -q -p electrum-sim --test "$2" --no-run) > "$copy/log" 2>&1; then
        echo "$1: it does not compile"
        tail -20 "$copy/log"
        missed=1
    elif (cd "$copy" && env ${6:+SIM_RUNS="$6"} cargo test -q -p electrum-sim --test "$2" "$3") > "$copy/log" 2>&1; then
        echo "$1: MISSED by $3"
        missed=1
    else
        how=$(grep -m1 'is broken' "$copy/log" || grep -m1 'panicked' "$copy/log" || true)
        echo "$1: found by $3: $(echo "$how" | cut -c1-120)"
    fi
    cp "$root/$file" "$copy/$file"
}

(cd "$root" && git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$copy")

bug lost-scan invariants invariant_01 wire/framing/inbox.rs 's/self\.scanned -= self\.start;/self.scanned = self.text.len();/'
bug early-line invariants invariant_02 machine/handshake.rs \
    's/(stream\.write\(shared\.now, id, METHOD.*?;)/$1 stream.write(shared.now, id + 1, "server.ping", |_| {});/'
bug cancelled-twice invariants invariant_03 machine/commands.rs 's/ready\.requests\.pass_to\(id\.0, Owner::Abandoned, grace\);//'
bug cancelled-twice-explored exploration all_short machine/commands.rs 's/ready\.requests\.pass_to\(id\.0, Owner::Abandoned, grace\);//'
bug wrong-request invariants invariant_04 machine/in_flight.rs 's/\.filter\(\|waiting\| waiting\.id == id\)//'
bug late-timers invariants invariant_05 machine/timers.rs 's/if at > now/if at >= now/'
bug one-too-many invariants invariant_06 machine/window.rs \
    's/outstanding\.requests < limit/outstanding.requests <= limit/'
bug old-close invariants invariant_07 machine/client.rs \
    's/(if input\.conn\(\) != self\.link\.conn\(\)) \{/$1 \&\& !matches!(input, Input::Closed(..)) {/'
bug begun-too-soon invariants invariant_08 wire/framing/outbox.rs 's/self\.written > begin/self.written >= begin/'
bug forgotten-topic invariants invariant_09_in machine/subscriptions/table.rs \
    's/(fn link_ready.*?for place in )0/${1}1/s'
bug emitted-twice invariants invariant_09_nothing machine/subscriptions/entry.rs \
    's/let repeats = /let repeats = false \&\& /'
bug nudge-too-old invariants invariant_10 machine/nudge.rs 's/ProtocolVersion::V1_2/ProtocolVersion::V1_0/'
bug silent invariants invariant_11 machine/keepalive.rs 's/stream\.last_sent\.min\(self\.last_answered\)/stream.last_sent.max(self.last_answered)/'
bug no-growth invariants invariant_12 machine/servers.rs 's/saturating_sub\(1\)\.min\(31\)/saturating_sub(1).min(1)/'
bug unescaped invariants invariant_13 wire/json/params.rs \
    's/Self::append_str\(out, method\);/out.push(b\x27"\x27); out.extend_from_slice(method.as_bytes()); out.push(b\x27"\x27);/'
bug odd-size invariants invariant_17_padded_writes_have_sizes_of_the_scheme wire/framing/packet.rs \
    's/padding: whole - waiting\.len\(\) \}/padding: whole - waiting.len() - 1 }/'
bug exact-clock invariants invariant_09_in machine/keepalive.rs \
    's/(suspected\.is_some_and\(\|since\|) /$1 since + timeouts.pong >= now \&\& /' 100000
bug no-way-out invariants invariant_14_a machine/phase.rs 's/    \(Phase::Backoff, Transition::Close, Phase::Closed\),\n//'
bug chance invariants invariant_14_the machine/servers.rs \
    's/(fn wait_after)/static CHANCE: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0);\n\n$1/; s/random\.permille\(\) \*/(CHANCE.fetch_add(7, core::sync::atomic::Ordering::Relaxed) % 1000) */'
bug never-left invariants invariant_15 session:moves.rs 's/why = Some\("the server answers no call"\);/continue;/'
bug sent-for-ever invariants invariant_15 session:calls.rs 's/request\.history\.losses\) >= self\.most_losses/request.history.losses) > 200/'
bug left-at-once exploration all_short machine/ready.rs \
    's/self\.busy_replies > shared\.config\.limits\.busy_replies/self.busy_replies > 0/'
bug pong-only invariants invariant_03_every_request machine/ready.rs \
    's/(if waiting\.owner == Owner::Caller) \{/$1 \&\& waited.is_some() {\n            return Ok(Received::Message);\n        }\n        $1 {/'

exit "$missed"
