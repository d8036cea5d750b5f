# Writes texts as one C++ constant: cmake -DSYMBOL=name -DOUTPUT=file.cpp -DFILES=a|b -P embed.cmake
string(REPLACE "|" ";" files "${FILES}")
set(text "")
foreach(file IN LISTS files)
  file(READ "${file}" part)
  string(APPEND text "${part}\n")
endforeach()
# Either would end or hide the element that the text goes into.
if(text MATCHES "</script|</style|<!--")
  message(FATAL_ERROR "${SYMBOL}: found '${CMAKE_MATCH_0}', which cannot stand inside a page")
endif()
file(WRITE "${OUTPUT}" "#include \"page_assets.hpp\"
namespace roofline::report::assets {
namespace {
constexpr char kText[] = R\"asset~(${text})asset~\";
}
const std::string_view ${SYMBOL}(kText, sizeof kText - 1);
}  // namespace roofline::report::assets
")
