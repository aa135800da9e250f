# Semicolons separate statements, not arguments.
y ~ Normal(0; 1)
