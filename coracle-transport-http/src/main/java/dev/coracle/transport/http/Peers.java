package dev.coracle.transport.http;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The other nodes: members, strangers that told where they are, and those that were removed. Any thread may ask. */
final class Peers {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    /** How many removed nodes are remembered; the one longest removed is forgotten first. */
    private static final int MOST_REMOVED = 10_000;

    private static final int MOST_STRANGERS = 16;

    private final TransportContext context;
    private final Map<Long, Link> links = new ConcurrentHashMap<>();

    private final Map<Long, Boolean> removed = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > MOST_REMOVED;
        }
    });

    Peers(TransportContext context) {
        this.context = context;
    }

    @Nullable
    Link link(long id) {
        return links.get(id);
    }

    boolean isRemoved(long id) {
        return removed.containsKey(id);
    }

    /** On the event loop. */
    boolean isMember(long id) {
        Link link = links.get(id);
        return link != null && link.isMember();
    }

    /** A node is a member, maybe again. */
    void add(long id, PeerAddress address) {
        removed.remove(id);
        Link link = links.computeIfAbsent(id, peer -> new Link(context, peer));
        context.run(() -> link.setAddress(address, true));
    }

    void remove(long id) {
        removed.put(id, true);
        Link link = links.remove(id);
        if (link != null) {
            context.run(() -> link.close(link.name() + " was removed"));
        }
    }

    /**
     * Somebody who is no member yet may need answers: a node that is being added, while this one has not heard of it. On
     * the event loop.
     *
     * @param urls where it says that it is, separated by commas
     */
    void addStranger(long id, @Nullable String urls) {
        if (urls == null || id == 0 || id == context.config.id || isRemoved(id) || links.containsKey(id)) {
            return;
        }
        long strangers =
                links.values().stream().filter(link -> !link.isMember()).count();
        if (strangers == MOST_STRANGERS) {
            LOG.debug("{} at {} is not noted: there are {} strangers", TransportContext.name(id), urls, strangers);
            return;
        }
        try {
            PeerAddress address = PeerAddress.parse(urls.split(",", 2)[0], context.config.tls(), Protocol.PEER_URLS);
            Link link = new Link(context, id);
            if (links.putIfAbsent(id, link) == null) {
                LOG.info("{} at {}: no member yet, but it gets answers", link.name(), address);
                link.setAddress(address, false);
            }
        } catch (IllegalArgumentException e) {
            LOG.debug("{} told where it is, but {}", TransportContext.name(id), e.getMessage());
        }
    }

    /** On the event loop. */
    void closeAll() {
        links.values().forEach(link -> link.close("this node is closing"));
    }
}
