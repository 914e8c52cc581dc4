import java.nio.file.Path;
import java.util.List;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;

/** A Neo4j community server in this process, its data in the first folder, plugins in the second: prints {"bolt": "bolt://..."} when ready, ends when its input closes. */
public class Launcher {
    public static void main(String[] arguments) throws Exception {
        Neo4j server = Neo4jBuilders.newInProcessBuilder(Path.of(arguments[0]))
                .withDisabledServer()
                .withConfig(GraphDatabaseSettings.plugin_dir, Path.of(arguments[1]))
                .withConfig(GraphDatabaseSettings.procedure_unrestricted, List.of("gds.*"))
                .build();
        System.out.println("{\"bolt\": \"" + server.boltURI() + "\"}");
        System.out.flush();
        while (System.in.read() != -1) {
            // only the end of the input matters
        }
        server.close();
        Runtime.getRuntime().halt(0);
    }
}
