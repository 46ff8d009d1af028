/* Two functions of libm that glibc 2.35 gave another version. The engine needs them for `asinh`; linked
   against a newer glibc than Lambda's 2.34, the binary would not load there. They are within two units in
   the last place of what libm gives. */

double hypot(double x, double y)
{
    double a = __builtin_fabs(x), b = __builtin_fabs(y);
    if (__builtin_isinf(a) || __builtin_isinf(b))
        return __builtin_inf();
    if (a < b) {
        double larger = b;
        b = a;
        a = larger;
    }
    /* Also where one is no number, which is passed on. */
    if (!(b > 0))
        return a + b;
    double ratio = b / a;
    return a * __builtin_sqrt(1 + ratio * ratio);
}

float hypotf(float x, float y)
{
    if (__builtin_isinf(x) || __builtin_isinf(y))
        return __builtin_inff();
    return (float)__builtin_sqrt((double)x * x + (double)y * y);
}
