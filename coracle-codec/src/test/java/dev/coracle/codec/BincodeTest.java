package dev.coracle.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BincodeTest {
    private static final String GOLDEN_PEERS = "02 00 00 00 00 00 00 00"
            + "01 00 00 00 00 00 00 00 00 00 00 00 7f 00 00 01 9d ea 01 00 00 00 00"
            + "02 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 9e ea 00 00 00 00 00"
            + "00";

    private static final Peers PEERS = Peers.of(Map.of(
            1L, new Peers.Peer(SocketAddresses.parse("127.0.0.1:60061"), InitialRole.VOTER, null),
            2L, new Peers.Peer(SocketAddresses.parse("[::1]:60062"), InitialRole.LEADER, null)));

    private interface Decoder {
        Object decode(byte[] bytes) throws CodecException;
    }

    @Test
    void peersHaveTheBytesOfRaftify() throws Exception {
        byte[] golden = Hex.bytes(GOLDEN_PEERS);
        assertThat(golden).hasSize(67);
        assertThat(PEERS.encode()).isEqualTo(golden);
        assertThat(Peers.decode(golden)).isEqualTo(PEERS);
    }

    @Test
    void peersMayComeInAnyOrderAndBeFollowedByOtherBytes() throws Exception {
        byte[] golden = Hex.bytes(GOLDEN_PEERS);
        byte[] swapped = new byte[golden.length + 3];
        System.arraycopy(golden, 0, swapped, 0, 8);
        System.arraycopy(golden, 31, swapped, 8, 35);
        System.arraycopy(golden, 8, swapped, 43, 23);
        assertThat(Peers.decode(swapped)).isEqualTo(PEERS);
    }

    @Test
    void tlsSurvives() throws Exception {
        TlsConfig full = new TlsConfig("cert", "key", "ca", "example");
        TlsConfig none = new TlsConfig(null, null, null, null);
        TreeMap<Long, Peers.Peer> peers = new TreeMap<>();
        peers.put(-1L, new Peers.Peer(SocketAddresses.parse("10.0.0.1:1"), InitialRole.LEARNER, full));
        peers.put(1L, new Peers.Peer(SocketAddresses.parse("10.0.0.2:2"), InitialRole.VOTER, none));
        Peers value = new Peers(peers, new TlsConfig(null, "key", null, ""));
        assertThat(Peers.decode(value.encode())).isEqualTo(value);
        assertThat(value.peers().lastKey()).isEqualTo(-1L);
    }

    @Test
    void contextsAreANumberAndAListOfAddresses() throws Exception {
        assertThat(Hex.text(Bincode.encodeU64(0x0102L))).isEqualTo("02 01 00 00 00 00 00 00");
        assertThat(Bincode.decodeU64(Hex.bytes("ff ff ff ff ff ff ff ff 00"))).isEqualTo(-1);
        List<InetSocketAddress> addresses =
                List.of(SocketAddresses.parse("127.0.0.1:60061"), SocketAddresses.parse("[::1]:60062"));
        byte[] bytes = Bincode.encodeAddresses(addresses);
        assertThat(Hex.text(bytes))
                .isEqualTo("02 00 00 00 00 00 00 00 00 00 00 00 7f 00 00 01 9d ea"
                        + " 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 9e ea");
        assertThat(Bincode.decodeAddresses(bytes)).isEqualTo(addresses);
        assertThat(Bincode.decodeAddresses(Bincode.encodeAddresses(List.of()))).isEmpty();
    }

    @Test
    void theMemstoresBytesAreRaftifys() throws Exception {
        MemStoreInsert insert = new MemStoreInsert(5, "é");
        assertThat(Hex.text(insert.encode()))
                .isEqualTo("00 00 00 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 c3 a9");
        assertThat(MemStoreInsert.decode(insert.encode())).isEqualTo(insert);
        MemStoreSnapshot snapshot = new MemStoreSnapshot(new TreeMap<>(Map.of(-1L, "b", 1L, "")));
        assertThat(Hex.text(snapshot.encode()))
                .isEqualTo("02 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
                        + " ff ff ff ff ff ff ff ff 01 00 00 00 00 00 00 00 62");
        assertThat(MemStoreSnapshot.decode(snapshot.encode())).isEqualTo(snapshot);
    }

    @Test
    void aVersion6AddressThatStandsForAVersion4OneStaysVersion6() throws Exception {
        byte[] bytes = Hex.bytes(
                "01 00 00 00 00 00 00 00 01 00 00 00" + "00 00 00 00 00 00 00 00 00 00 ff ff 01 02 03 04 50 00");
        List<InetSocketAddress> addresses = Bincode.decodeAddresses(bytes);
        assertThat(addresses.get(0).getAddress()).isInstanceOf(Inet6Address.class);
        assertThat(Bincode.encodeAddresses(addresses)).isEqualTo(bytes);
    }

    @Test
    void addressesInDigitsNeedNoResolverAndNamesAreRefused() throws Exception {
        assertThat(Bincode.encodeAddresses(List.of(InetSocketAddress.createUnresolved("127.0.0.1", 7))))
                .isEqualTo(Bincode.encodeAddresses(List.of(SocketAddresses.parse("127.0.0.1:7"))));
        assertThat(Bincode.encodeAddresses(List.of(InetSocketAddress.createUnresolved("::1", 7))))
                .isEqualTo(Bincode.encodeAddresses(List.of(SocketAddresses.parse("[::1]:7"))));
        for (String name : List.of("db.example", "", "zz:1", "localhost", "1.2.3")) {
            assertThatThrownBy(() -> Bincode.encodeAddresses(List.of(InetSocketAddress.createUnresolved(name, 7))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("host " + name + " is not an address in digits");
        }
    }

    @Test
    void addressesAreWrittenAndReadAsText() throws Exception {
        assertThat(SocketAddresses.format(SocketAddresses.parse("[2001:DB8::1]:60061")))
                .isEqualTo("[2001:db8:0:0:0:0:0:1]:60061");
        for (String text : List.of("127.0.0.1:60061", "0.0.0.0:0", "255.255.255.255:65535")) {
            assertThat(SocketAddresses.format(SocketAddresses.parse(text))).isEqualTo(text);
        }
        InetSocketAddress scoped = new InetSocketAddress(
                Inet6Address.getByAddress(null, InetAddress.getByName("fe80::1").getAddress(), 3), 9);
        assertThat(SocketAddresses.format(scoped)).isEqualTo("[fe80:0:0:0:0:0:0:1]:9");
        for (String text : List.of(
                "",
                ":",
                "1",
                "127.0.0.1",
                "127.0.0.1:",
                "127.0.0.1:65536",
                "127.0.0.1:-1",
                "127.0.0.1:+1",
                "127.0.0.1:007",
                "127.0.1:1",
                "127.0.0.256:1",
                "127.0.0.01:1",
                "1.2.3.4.5:1",
                "::1:1",
                "[::1]",
                "[::1:1",
                "[127.0.0.1]:1",
                "[:::]:1",
                "[fe80::1%lo]:1",
                "localhost:1",
                "[localhost]:1",
                "127.0.0.\u0663:1",
                ":1",
                "[:1",
                "]:1",
                "[zz::1]:1",
                "[1.2.3.4:5]:1",
                "[[::1]]:1",
                "[]:1")) {
            assertThatThrownBy(() -> SocketAddresses.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void malformedBytesNameTheFieldAndTheRule() {
        refused(Bincode::decodeU64, "01 02", "u64 at byte 0: 8 bytes are more than the 2 bytes left");
        refused(
                Bincode::decodeAddresses,
                "ff ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00 00 00",
                "addresses at byte 8: 18446744073709551615 of at least 10 bytes are more than the 10 bytes left");
        refused(
                Bincode::decodeAddresses,
                "02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
                "addresses at byte 8: 2 of at least 10 bytes are more than the 10 bytes left");
        refused(
                Bincode::decodeAddresses,
                "01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 00 00",
                "addresses at byte 12: variant 2 is not from 0 to 1");
        refused(
                Peers::decode,
                GOLDEN_PEERS.substring(0, GOLDEN_PEERS.length() - 2) + "02",
                "tls_config at byte 67: 2 is not 0 or 1");
        refused(MemStoreInsert::decode, "01 00 00 00", "Insert at byte 4: variant 1 is not from 0 to 0");
        refused(
                MemStoreInsert::decode,
                "00 00 00 00 00 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 c3 28",
                "Insert.value at byte 22: 2 bytes are not UTF-8");
    }

    @Test
    void numbersOf16BitsAreChecked() {
        assertThatThrownBy(() -> new Bincode.Writer().u16(65536))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("u16: 65536 is not from 0 to 65535");
        assertThat(Hex.text(new Bincode.Writer().u16(65535).toByteArray())).isEqualTo("ff ff");
    }

    @Test
    void everyTruncationFlippedBitAndNoiseIsAValueOrARefusal() {
        long seed = new Random().nextLong();
        System.out.println("BincodeTest seed " + seed);
        Random random = new Random(seed);
        byte[] snapshot = new MemStoreSnapshot(new TreeMap<>(Map.of(7L, "seven", 8L, "eight"))).encode();
        byte[] insert = new MemStoreInsert(7, "seven").encode();
        byte[] peers = new Peers(PEERS.peers(), new TlsConfig("a", null, "c", "d")).encode();
        byte[] addresses = Bincode.encodeAddresses(List.of(SocketAddresses.parse("127.0.0.1:60061")));
        damage(MemStoreSnapshot::decode, snapshot);
        damage(MemStoreInsert::decode, insert);
        damage(Peers::decode, peers);
        damage(Bincode::decodeAddresses, addresses);
        List<Decoder> decoders =
                List.of(MemStoreSnapshot::decode, MemStoreInsert::decode, Peers::decode, Bincode::decodeAddresses);
        int refusals = 0;
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = new byte[random.nextInt(60)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(3) == 0 ? random.nextInt(4) : 0);
            }
            refusals += attempt(decoders.get(round % decoders.size()), bytes) ? 0 : 1;
        }
        assertThat(refusals).isBetween(1, 99_999);
    }

    /** Every byte is needed, so that each truncation is refused; a flipped bit may give another value. */
    private static void damage(Decoder decoder, byte[] bytes) {
        for (int length = 0; length < bytes.length; length++) {
            assertThat(attempt(decoder, Arrays.copyOf(bytes, length))).isFalse();
        }
        for (int bit = 0; bit < bytes.length * Byte.SIZE; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            attempt(decoder, flipped);
        }
    }

    private static boolean attempt(Decoder decoder, byte[] bytes) {
        try {
            assertThat(decoder.decode(bytes)).isNotNull();
            return true;
        } catch (CodecException e) {
            assertThat(e.offset()).isBetween(0, bytes.length);
            return false;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(Hex.text(bytes), e);
        }
    }

    private static void refused(Decoder decoder, String hex, String complaint) {
        assertThatThrownBy(() -> decoder.decode(Hex.bytes(hex)))
                .isInstanceOf(CodecException.class)
                .hasMessage(complaint);
    }
}
