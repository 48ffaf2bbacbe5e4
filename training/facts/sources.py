"""What real markets show: for each fact a band, and who found it.

A band is where a realistic market should lie, not where every market does: wide where liquidity decides, and taken
from one kind of market where nothing else is known (`covers`). ALTCOINS are our own measurement, 5 to 95 % of the 126
tapes of `data/pumps` an hour and more from every known pump; BOOKS that of 24 books in `data/exchange_payloads`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

ALTCOINS = "measured on 126 Binance altcoin tapes, 2018-20, away from pumps"
BOOKS = "measured on 24 altcoin books of Binance, Coinbase and Kraken, 2021"
AAPL = "AAPL on NASDAQ, one hour of LOBSTER messages (detectors.md)"
BOUCHAUD_2002 = "Bouchaud, Mézard & Potters 2002, Quantitative Finance 2, 251"
BOUCHAUD_2004 = "Bouchaud, Gefen, Potters & Wyart 2004, Quantitative Finance 4, 176"
CONT = "Cont 2001, Quantitative Finance 1, 223"
DAHLSTROM = "Dahlström, Hagströmer & Nordén 2018, Limit Order Cancellations, SSRN 3012831"
ENGLE = "Engle & Russell 1998, Econometrica 66, 1127"
FILIMONOV = "Filimonov & Sornette 2012, Phys. Rev. E 85, 056108"
GOPIKRISHNAN_1999 = "Gopikrishnan, Plerou, Amaral, Meyer & Stanley 1999, Phys. Rev. E 60, 5305"
GOPIKRISHNAN_2000 = "Gopikrishnan, Plerou, Gabaix & Stanley 2000, Phys. Rev. E 62, R4493"
GU = "Gu, Chen & Zhou 2008, Physica A 387, 5182"
HARDIMAN = "Hardiman, Bercot & Bouchaud 2013, Eur. Phys. J. B 86, 442"
HASBROUCK = "Hasbrouck & Saar 2009, J. Financial Markets 12, 143"
IVANOV = "Ivanov, Yuen, Podobnik & Lee 2004, Phys. Rev. E 69, 056107"
JAIN = "Jain & Joh 1988, J. Financial and Quantitative Analysis 23, 269"
KARPOFF = "Karpoff 1987, J. Financial and Quantitative Analysis 22, 109"
LILLO_2003 = "Lillo, Farmer & Mantegna 2003, Nature 421, 129"
LILLO_2004 = "Lillo & Farmer 2004, Studies in Nonlinear Dynamics & Econometrics 8 (3)"
LIU = "Liu, Gopikrishnan, Cizeau, Meyer, Peng & Stanley 1999, Phys. Rev. E 60, 1390"
MASLOV = "Maslov & Mills 2001, Physica A 299, 234"
MIKE = "Mike & Farmer 2008, J. Economic Dynamics and Control 32, 200"
PLEROU = "Plerou, Gopikrishnan, Amaral, Gabaix & Stanley 2000, Phys. Rev. E 62, R3023"
POLITI = "Politi & Scalas 2008, Physica A 387, 2025"
ROLL = "Roll 1984, J. Finance 39, 1127"
SEC = "SEC, Data Highlight 2013-05, The Speed of the Equity Markets"
ZOVKO = "Zovko & Farmer 2002, Quantitative Finance 2, 387"
ALL, EQUITIES, COINS = "all liquidity", "equities", "altcoins"


@dataclass(frozen=True)
class Fact:
    """One stylised fact and where real markets lie.

    Attributes:
        name: Its name in `measure`.
        family: What it is about.
        title: How it is printed, at most 26 characters.
        low: Lower end of the band; -inf where there is none.
        high: Upper end; inf where there is none.
        covers: Markets that the band was found on.
        sources: Where it is from; none for a figure that is only printed.
        note: What the sources say, and how the band was drawn from it.
    """

    name: str
    family: str
    title: str
    low: float
    high: float
    covers: str
    sources: tuple[str, ...]
    note: str = ""

    def verdict(self, value: float) -> str:
        """Return `inside`, `below` or `above` the band; `unknown` for NaN, empty where there is no band."""
        if value != value:  # noqa: PLR0124 - NaN
            return "unknown"
        if not self.sources:
            return ""
        return "below" if value < self.low else "above" if value > self.high else "inside"


def _plain(name: str, family: str, title: str) -> Fact:
    return Fact(name, family, title, -inf, inf, "", ())


_SIZES, _ARRIVALS, _SIGNS, _PRICES, _ORDERS = "sizes", "arrivals", "signs", "prices", "orders"
FACTS: tuple[Fact, ...] = (
    Fact("size_tail", _SIZES, "tail exponent of sizes", 1.1, 1.9, ALL, (GOPIKRISHNAN_2000, MASLOV, ALTCOINS),
         "1.53 for stocks, 1.4 for market orders, 1.2 to 1.7 measured; the half-cubic law."),
    Fact("top_share", _SIZES, "volume of the top 1 %", 0.15, 0.40, COINS, (ALTCOINS,), "0.20 to 0.37."),
    Fact("one_digit_share", _SIZES, "sizes of one digit", 0.03, 0.20, COINS, (ALTCOINS,),
         "0.03 to 0.18; where round lots are the custom, as in equities, far more."),
    Fact("common_size_share", _SIZES, "ten commonest sizes", 0.03, 0.35, COINS, (ALTCOINS,), "0.04 to 0.31."),
    _plain("max_over_median_size", _SIZES, "largest over median"),
    _plain("takers_per_minute", _ARRIVALS, "taker orders a minute"),
    Fact("gap_cv", _ARRIVALS, "variation of gaps", 1.3, 4.0, ALL, (ENGLE, ALTCOINS),
         "Above 1, that of chance, wherever it was measured; 2.1 to 3.7 here."),
    Fact("gap_shape", _ARRIVALS, "Weibull shape of gaps", 0.3, 0.9, ALL, (IVANOV, POLITI, ALTCOINS),
         "Below 1 for every stock looked at; 0.33 to 0.45 here."),
    Fact("branching", _ARRIVALS, "self-excited share, 1 min", 0.5, 1.0, ALL, (FILIMONOV, HARDIMAN, ALTCOINS),
         "0.7 and more on index futures since 2010, near 1 over long windows; 0.58 to 0.83 here."),
    Fact("count_memory_1min", _ARRIVALS, "memory of counts, 1 min", 0.3, 0.9, ALL, (PLEROU, ALTCOINS),
         "0.31 to 0.80 here."),
    Fact("count_memory_60min", _ARRIVALS, "memory of counts, 60 min", 0.02, 0.6, ALL, (PLEROU, ALTCOINS),
         "Lasts for days in stocks; 0.02 to 0.17 here."),
    Fact("several_fills_share", _ARRIVALS, "takers with several fills", 0.05, 0.30, COINS, (ALTCOINS,),
         "0.05 to 0.23."),
    Fact("walking_share", _ARRIVALS, "of these, through prices", 0.25, 0.92, COINS, (ALTCOINS,),
         "0.27 to 0.91; very few where the tick is large against the price."),
    Fact("same_time_share", _ARRIVALS, "trades sharing their ms", 0.10, 0.50, COINS, (ALTCOINS,), "0.10 to 0.49."),
    Fact("sign_memory_1", _SIGNS, "memory of sides, 1 order", 0.15, 0.60, ALL, (LILLO_2004, BOUCHAUD_2004, ALTCOINS),
         "0.22 to 0.46 here."),
    Fact("sign_memory_10", _SIGNS, "memory of sides, 10", 0.04, 0.35, ALL, (LILLO_2004, BOUCHAUD_2004, ALTCOINS),
         "0.04 to 0.25 here."),
    Fact("sign_memory_100", _SIGNS, "memory of sides, 100", 0.0, 0.20, ALL, (LILLO_2004, BOUCHAUD_2004, ALTCOINS),
         "0.00 to 0.18 here."),
    Fact("sign_decay", _SIGNS, "decay of that memory", 0.2, 1.0, ALL, (LILLO_2004, BOUCHAUD_2004, ALTCOINS),
         "About 0.6 in London, 0.2 to 0.7 in Paris, 0.2 to 1.0 here."),
    Fact("bounce", _PRICES, "bounce", -0.5, -0.1, ALL, (ROLL, ALTCOINS),
         "At most -0.5 in theory; -0.39 to -0.17 here."),
    Fact("flip_bps", _PRICES, "buy to sell, bps", 1.0, 95.0, ALL, (ALTCOINS,),
         "18 to 91; the lower end is left open for busy markets."),
    Fact("unchanged_share", _PRICES, "takers at the last price", 0.35, 0.80, COINS, (ALTCOINS,), "0.38 to 0.75."),
    Fact("impact_exponent", _PRICES, "exponent of impact", 0.15, 0.85, ALL, (LILLO_2003, ALTCOINS),
         "0.2 for large to 0.5 for small orders; 0.2 to 0.8 here."),
    _plain("volatility_1min_bps", _PRICES, "volatility, 1 min, bps"),
    Fact("return_tail", _PRICES, "tail exponent of returns", 2.0, 5.0, ALL, (CONT, GOPIKRISHNAN_1999),
         "Finite, above 2 and below 5 for most; 3 for stocks."),
    Fact("kurtosis_1min", _PRICES, "excess kurtosis, 1 min", 5.0, 150.0, ALL, (CONT, ALTCOINS),
         "16 to 74 at 5 min; 14 to 135 here, where most minutes are empty."),
    Fact("kurtosis_60min", _PRICES, "excess kurtosis, 60 min", 0.5, 35.0, COINS, (ALTCOINS,), "1.6 to 32."),
    Fact("kurtosis_kept", _PRICES, "60 min over 1 min", 0.0, 0.9, ALL, (CONT, ALTCOINS),
         "Returns grow more normal with their span; 0.05 to 0.88 here."),
    Fact("return_memory", _PRICES, "memory of r, 5 to 15 min", -0.03, 0.03, ALL, (CONT,),
         "None to speak of beyond the bounce."),
    Fact("volatility_memory_1min", _PRICES, "memory of |r|, 1 min", 0.08, 0.40, ALL, (CONT, LIU, ALTCOINS),
         "0.10 to 0.32 here."),
    Fact("volatility_memory_10min", _PRICES, "memory of |r|, 10 min", 0.04, 0.30, ALL, (CONT, LIU, ALTCOINS),
         "0.04 to 0.17 here."),
    Fact("volatility_memory_60min", _PRICES, "memory of |r|, 60 min", 0.02, 0.20, ALL, (CONT, LIU, ALTCOINS),
         "0.02 to 0.11 here."),
    Fact("volatility_decay", _PRICES, "decay of that memory", 0.15, 0.55, ALL, (CONT, LIU, ALTCOINS),
         "0.2 to 0.4; 0.22 to 0.50 here."),
    Fact("volume_volatility", _PRICES, "volume with |r|, ranks", 0.0, 0.6, ALL, (KARPOFF, ALTCOINS),
         "Positive wherever it was measured; 0.00 to 0.27 here."),
    Fact("day_shape", _PRICES, "busiest to quietest hours", 1.3, 8.0, ALL, (JAIN, ALTCOINS),
         "A U in equities; 1.4 to 3.1 here, around the clock."),
    Fact("spread_bps", _ORDERS, "spread, bps", 1.0, 40.0, ALL, (BOOKS,),
         "11 to 31 (10 to 90 %); the lower end is left open for busy markets."),
    Fact("touch_depth_share", _ORDERS, "depth at the touch, of 10", 0.002, 0.10, COINS, (BOOKS,),
         "0.003 to 0.045 (10 to 90 %) of the depth within 10 spreads, at most 0.10; more where the tick is large."),
    Fact("depth_hump_spreads", _ORDERS, "hump of depth, spreads", 1.0, 19.0, ALL, (BOUCHAUD_2002, GU, BOOKS),
         "Away from the touch; 1 to 12 spreads behind it in the books (10 to 90 %)."),
    Fact("placement_tail", _ORDERS, "tail exponent of placing", 0.5, 2.0, EQUITIES, (BOUCHAUD_2002, ZOVKO, MIKE),
         "0.6 in Paris, 1.5 and 1.3 in London."),
    Fact("placed_inside_share", _ORDERS, "placed inside the spread", 0.03, 0.50, COINS, (BOOKS,),
         "0.04 to 0.5 of the increases of ten Coinbase books, median 0.14."),
    Fact("placed_at_touch_share", _ORDERS, "placed at the touch", 0.0, 0.35, COINS, (BOOKS,),
         "0 to 0.18 of the increases of ten Coinbase books; more where the tick is large."),
    Fact("deleted_share", _ORDERS, "deleted, of all that end", 0.75, 0.99, ALL, (AAPL, DAHLSTROM),
         "0.925 of AAPL's; almost all on NASDAQ OMX."),
    Fact("fast_deleted_share", _ORDERS, "of these, within 0.5 s", 0.10, 0.60, EQUITIES, (AAPL, SEC),
         "0.54 of AAPL's; below 0.4 over all corporate stocks."),
    Fact("fleeting_share", _ORDERS, "deleted within 2 s, of all", 0.25, 0.90, EQUITIES, (HASBROUCK, AAPL),
         "Over a third on INET in 2004."),
    Fact("life_median_s", _ORDERS, "median life, s", 0.2, 10.0, EQUITIES, (SEC, AAPL),
         "A third of all orders stay 5 s or more, and over half of those cancelled more than 0.5 s."),
    Fact("cancels_per_new", _ORDERS, "cancels a new order", 0.6, 1.05, ALL, (AAPL, DAHLSTROM),
         "As orders deleted; less where orders are replaced instead."),
    Fact("orders_per_trade", _ORDERS, "order messages a trade", 10.0, 100.0, EQUITIES, (SEC,),
         "At most a few per cent of what is ordered trades."),
)  # fmt: skip
