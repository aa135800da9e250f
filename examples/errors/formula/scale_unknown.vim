# A formula whose scale nothing tells.
effect = lm(1 + night)
factor -sum(effect)^2
