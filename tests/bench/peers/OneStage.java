// The job on Kafka Streams: the Processor API, a persistent store with its cache and changelog.
//     java OneStage BOOTSTRAP FACTS_TOPIC OUT_TOPIC DATA_DIR at_least_once|exactly_once_v2

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public final class OneStage {
    private static final ObjectMapper JSON = new ObjectMapper();

    @JsonIgnoreProperties(ignoreUnknown = true)
    public static final class Fact {
        public String type;
        public String customer;
        public long at_ms;
        public long price;
    }

    public static final class State {
        public long seq;
        public String status = "none";
        public long total;
        public long events;
    }

    public static final class Change {
        public String customer;
        public long seq;
        @JsonProperty("from")
        public String before;
        public String to;
        public long total;
        public long events;
        public long at_ms;
    }

    private static <T> Serde<T> serde(Class<T> type) {
        ObjectReader reader = JSON.readerFor(type);
        ObjectWriter writer = JSON.writerFor(type);
        Serializer<T> out = (topic, value) -> {
            try {
                return value == null ? null : writer.writeValueAsBytes(value);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
        Deserializer<T> in = (topic, bytes) -> {
            try {
                return bytes == null ? null : reader.readValue(bytes);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
        return Serdes.serdeFrom(out, in);
    }

    private static final class Work implements Processor<String, Fact, String, Change> {
        private ProcessorContext<String, Change> context;
        private KeyValueStore<String, State> customers;

        @Override
        public void init(ProcessorContext<String, Change> context) {
            this.context = context;
            this.customers = context.getStateStore("customers");
        }

        @Override
        public void process(Record<String, Fact> record) {
            Fact fact = record.value();
            State state = customers.get(record.key());
            if (state == null) {
                state = new State();
            }
            String before = state.status;
            state.events++;
            if (fact.type.equals("cart.item_added")) {
                state.status = "open";
                state.total += fact.price;
            } else if (fact.type.equals("cart.item_removed") && before.equals("open")) {
                state.total = Math.max(0, state.total - fact.price);
                state.status = state.total > 0 ? "open" : "emptied";
            } else if (fact.type.equals("order.completed") && before.equals("open")) {
                state.status = "bought";
                state.total = 0;
            }
            if (!state.status.equals(before)) {
                state.seq++;
                Change change = new Change();
                change.customer = fact.customer;
                change.seq = state.seq;
                change.before = before;
                change.to = state.status;
                change.total = state.total;
                change.events = state.events;
                change.at_ms = fact.at_ms;
                context.forward(record.withValue(change));
            }
            customers.put(record.key(), state);
        }
    }

    public static void main(String[] args) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "kafka-streams-" + args[2]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[3]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, args[4]);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        settings.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
        settings.put(StreamsConfig.producerPrefix("linger.ms"), 20);
        Topology topology = new Topology();
        topology.addSource("facts", Serdes.String().deserializer(), serde(Fact.class).deserializer(), args[1]);
        topology.addProcessor("work", Work::new, "facts");
        topology.addStateStore(
            Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore("customers"), Serdes.String(), serde(State.class))
                .withCachingEnabled(),
            "work");
        topology.addSink("changes", args[2], Serdes.String().serializer(), serde(Change.class).serializer(), "work");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler
                .StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
