"""PecanPy's walks and gensim's skip-gram on two threads: seconds of the whole job, vectors as float32 into a file in the order that is asked for."""

import time

import numpy
from pecanpy.pecanpy import FirstOrderUnweighted
from serve import serve


def prepare(facts):
    def job(options, seed):
        started = time.perf_counter()
        graph = FirstOrderUnweighted(1, 1, workers=2, random_state=seed)
        graph.read_edg(facts["edges"], weighted=False, directed=False)
        vectors = graph.embed(
            dim=options["dimensions"],
            num_walks=options["walks"],
            walk_length=options["walkLength"] - 1,  # theirs counts steps
            window_size=options["window"],
            epochs=options["epochs"],
        )
        return time.perf_counter() - started, graph.nodes, vectors

    job({**facts["options"], "walks": 1, "walkLength": 5, "dimensions": 4}, 1)  # compiles the walks

    def answer(request):
        seconds, nodes, vectors = job(facts["options"], request["seed"])
        places = {name: place for place, name in enumerate(nodes)}
        rows = numpy.asarray(vectors, dtype=numpy.float32)[[places[name] for name in facts["names"]]]
        rows.tofile(request["file"])
        return seconds

    return answer


serve(prepare)
