# A map of two islands: its parts know nothing of each other's level.
phi ~ Icar(node1, node2)
y ~ Poisson(log = 2 + phi)
