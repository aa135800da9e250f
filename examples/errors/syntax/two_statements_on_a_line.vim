# Statements end at a newline or a semicolon.
if 1 < 2 { a = 1 } b = 2
y ~ Normal(a + b, 1)
