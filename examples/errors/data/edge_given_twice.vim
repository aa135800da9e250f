# A list of neighbours that holds each pair from both sides.
phi ~ Icar(node1, node2)
y ~ Poisson(log = 2 + phi)
