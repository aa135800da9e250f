# Characters that word processors put in.
a = x ≤ 1
b = −x
y ~ Normal(a * b, 1)
