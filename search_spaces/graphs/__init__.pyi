from .graph import SKIP as SKIP, Edge as Edge, Graph as Graph
