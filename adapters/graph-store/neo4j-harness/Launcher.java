import java.nio.file.Path;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;

/** A Neo4j community server in this process: prints {"bolt": "bolt://..."} when ready, ends when its input closes. */
public class Launcher {
    public static void main(String[] arguments) throws Exception {
        Neo4j server = Neo4jBuilders.newInProcessBuilder(Path.of(arguments[0])).withDisabledServer().build();
        System.out.println("{\"bolt\": \"" + server.boltURI() + "\"}");
        System.out.flush();
        while (System.in.read() != -1) {
            // only the end of the input matters
        }
        server.close();
        Runtime.getRuntime().halt(0);
    }
}
