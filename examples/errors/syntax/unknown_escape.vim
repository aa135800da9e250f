# Strings know two escapes.
y ~ Normal(alpha["ST\tLOUIS"], 1)
